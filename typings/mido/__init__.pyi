# What this project uses of mido, which has no types of its own.
# A message has the attributes of its own type only; asking for others raises AttributeError.
from typing import IO, Any, Self

class Message:
    type: str
    time: int
    channel: int
    note: int
    velocity: int
    control: int
    value: int
    program: int
    pitch: int
    pos: int
    song: int
    is_meta: bool
    def __init__(self, type: str, *, time: float = 0, **values: int) -> None: ...
    def copy(self, *, time: float = ..., **values: int) -> Self: ...
    def bytes(self) -> list[int]: ...
    @classmethod
    def from_bytes(cls, data: bytes | list[int], time: float = 0) -> Self: ...

class MetaMessage:
    type: str
    time: int
    is_meta: bool
    name: str
    text: str
    tempo: int
    numerator: int
    denominator: int
    key: str
    def __init__(self, type: str, *, time: float = 0, **values: Any) -> None: ...
    def copy(self, *, time: float = ..., **values: Any) -> Self: ...

class MidiTrack(list[Message | MetaMessage]):
    name: str

class MidiFile:
    type: int
    ticks_per_beat: int
    tracks: list[MidiTrack]
    length: float
    def __init__(
        self,
        filename: object = None,
        file: IO[bytes] | None = None,
        type: int = 1,
        ticks_per_beat: int = 480,
        charset: str = "latin1",
        debug: bool = False,
        clip: bool = False,
        tracks: list[MidiTrack] | None = None,
    ) -> None: ...
    def save(self, filename: object = None, file: IO[bytes] | None = None) -> None: ...
