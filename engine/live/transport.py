"""Playing as the player does it: commands in, sound out, positions back."""

from collections.abc import Callable
from dataclasses import replace

from engine.jobs.pipes import SoundCommand
from engine.jobs.sound import Play, PlayNote, SetGains, SetMetronome, SoundState, Start, StopPlaying
from engine.live.audition import LoopPlayer, PartCache
from engine.live.sound_output import ReadSamples, SoundOutput, open_output

OpenOutput = Callable[[ReadSamples], tuple[SoundOutput, str]]


class Transport:
    """Plays.

    Args:
        tell: Hears once whether anything can be heard.
        open_sound: Opens the output at the first sound, not before: other programs may want the device too.
    """

    def __init__(self, tell: Callable[[SoundState], None], open_sound: OpenOutput = open_output) -> None:
        self._tell, self._open_sound = tell, open_sound
        self._player = LoopPlayer()
        self._cache: PartCache | None = None
        self._output: SoundOutput | None = None
        self._playing: Play | None = None
        self._has_metronome = False

    @property
    def is_sounding(self) -> bool:
        return self._player.is_sounding

    @property
    def is_playing(self) -> bool:
        return self._player.is_playing

    def position(self) -> tuple[float, int]:
        """Return the tick and the token of what is heard; (-1, 0) when stopped."""
        return self._player.position()

    def pump(self) -> None:
        """Do what is due; called about 30 times a second while something sounds."""
        if self._output is not None:
            self._output.pump()

    def do(self, command: SoundCommand) -> None:
        """Carry out a command.

        Raises:
            SoundError: There is no SoundFont, or it cannot be read.
        """
        match command:
            case Play():
                self._play(command)
            case SetGains(gains):
                self._remix(gains)
            case SetMetronome(is_on):
                self._has_metronome = is_on
                self._remix(self._playing.gains if self._playing else ())
            case PlayNote(track, note, tempo_bpm):
                self._player.add_note(self._opened().note(track, note, tempo_bpm))
            case StopPlaying():
                self._playing = None
                self._player.stop()

    def _play(self, command: Play) -> None:
        prepared = self._opened().prepared(
            command.loop, command.gains, has_metronome=self._has_metronome, token=command.token
        )
        self._playing = command
        if command.start is Start.NOW or not self._player.is_playing:
            count_in = self._opened().count_in(command.loop) if command.has_count_in else None
            self._player.play(prepared, tick=command.tick, count_in=count_in)
        elif command.start is Start.NEXT_BAR:
            self._player.change_at_bar(prepared)
        else:
            self._player.change_in_place(prepared)

    def _remix(self, gains: tuple[float, ...]) -> None:
        if self._playing is not None and self._player.is_playing:
            self._play(replace(self._playing, gains=gains, start=Start.IN_PLACE))

    def _opened(self) -> PartCache:
        """Open the output if need be; return what renders at its rate."""
        if self._output is None or self._cache is None:
            self._output, reason = self._open_sound(self._player.read)
            self._cache = PartCache(self._output.sample_rate)
            self._tell(SoundState(not reason, reason or f"Sound: {self._output.name}"))
        return self._cache

    def close(self) -> None:
        """Be silent and let go of the device."""
        self._player.stop()
        if self._output is not None:
            self._output.close()
