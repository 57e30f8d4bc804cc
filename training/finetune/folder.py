"""What a folder of MIDI files holds for a model: which files can be used, which not and why, and whether it is enough.

Every file is read once, as training reads it. What is wrong with a file is said in one sentence, with what to do where
something can be done; drums on another channel than 10 are put right here and now. The report is a value: the window
shows it, the command line prints it, and a model's card keeps its counts and the files' hashes.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CorpusError, MidiFileError
from engine.midi.smf_read import read_song
from engine.midi.song import Column, Song
from engine.music.general_midi import ROLES, Role
from engine.music.harmony import Key
from engine.music.timing import PPQ
from engine.representation.controls import MODES
from training import corpus, packing
from training.corpus import SourceFile
from training.prepare import analysed
from training.songs import PackedSong, SongInfo

MIN_BARS, MIN_NOTES = 2, 16
MAX_FILE_BYTES = 16 << 20  # of MIDI; the longest song has a hundredth
_GRID_TICKS = 12  # at 120 BPM 12 ms: how far from a line a played note counts as meant for it
_MIN_ON_GRID = 0.5  # random onsets reach 0.31
_KICKS, _SNARES, _CYMBALS = (35, 36), (38, 40), (42, 44, 46, 49, 51)
_MIN_DRUM_SHARE, _MAX_DRUM_PITCHES = 0.75, 14


class Reason(StrEnum):
    """Why a file is left out."""

    UNREADABLE = "cannot be read"
    DUPLICATE = "is there twice"
    TOO_SHORT = "is too short"
    OFF_GRID = "follows no beat"
    WRONG_METRE = "has no metre that the model knows"
    TOO_LONG = "is too long"


FIXES: dict[Reason, str] = {
    Reason.UNREADABLE: "Export it from your DAW again, as a Standard MIDI File.",
    Reason.DUPLICATE: "Nothing to do: once is enough.",
    Reason.TOO_SHORT: f"Use clips of {MIN_BARS} bars or more with at least {MIN_NOTES} notes.",
    Reason.OFF_GRID: "Give the project the tempo that was played (tempo map), or quantise, and export it again.",
    Reason.WRONG_METRE: "Set the time signature in your DAW (2/4 to 12/8) and export it again.",
    Reason.TOO_LONG: "Cut it into songs.",
}


class Verdict(StrEnum):
    """Whether there is enough to learn from."""

    NOTHING = "nothing"
    LITTLE = "little"
    ENOUGH = "enough"
    PLENTY = "plenty"


# At least so many songs and notes.
_STEPS = ((Verdict.PLENTY, 60, 60_000), (Verdict.ENOUGH, 12, 6_000), (Verdict.LITTLE, 3, 600))
VERDICTS: dict[Verdict, str] = {
    Verdict.NOTHING: "This is too little to train on: three songs with 600 notes are the least.",
    Verdict.LITTLE: "This is enough for a habit or a groove, too little for a style: expect it to be learned by heart "
    "early. Training stops when that begins.",
    Verdict.ENOUGH: "This is enough for a style. Sixty songs would be better.",
    Verdict.PLENTY: "This is plenty for a style.",
}


@dataclass(frozen=True, slots=True)
class UsedFile:
    """A file that is learned from.

    Attributes:
        name: Its path in the folder.
        sha256: Of its bytes.
        bars, notes, loops: What it holds.
        repaired: What was put right, one sentence each.
    """

    name: str
    sha256: str
    bars: int
    notes: int
    loops: int
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that is left out."""

    name: str
    reason: Reason
    detail: str

    @property
    def fix(self) -> str:
        """What can be done about it."""
        return FIXES[self.reason]


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What a folder holds.

    Attributes:
        folder: Its name.
        used, rejected: All its MIDI files.
        notes, bars, loops: In the used ones.
        parts: Used files by role.
        keys, meters: Used files by key and by meter.
        tempo_bpm: Lowest, middle and highest tempo, or None.
        verdict: Whether it is enough.
    """

    folder: str
    used: tuple[UsedFile, ...] = ()
    rejected: tuple[RejectedFile, ...] = ()
    notes: int = 0
    bars: int = 0
    loops: int = 0
    parts: dict[str, int] = field(default_factory=dict[str, int])
    keys: dict[str, int] = field(default_factory=dict[str, int])
    meters: dict[str, int] = field(default_factory=dict[str, int])
    tempo_bpm: tuple[float, float, float] | None = None
    verdict: Verdict = Verdict.NOTHING

    def plain(self) -> dict[str, Any]:
        """Return it as JSON can hold it, the sentences included."""
        rejected = [asdict(file) | {"fix": file.fix} for file in self.rejected]
        return asdict(self) | {"rejected": rejected, "verdict_text": VERDICTS[self.verdict]}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> "FolderReport":
        """Read what `plain` made."""
        values = {name: plain[name] for name in ("folder", "notes", "bars", "loops", "parts", "keys", "meters")}
        return cls(
            used=tuple(UsedFile(**file | {"repaired": tuple(file["repaired"])}) for file in plain["used"]),
            rejected=tuple(RejectedFile(f["name"], Reason(f["reason"]), f["detail"]) for f in plain["rejected"]),
            tempo_bpm=None if plain["tempo_bpm"] is None else tuple(plain["tempo_bpm"]),
            verdict=Verdict(plain["verdict"]),
            **values,
        )


def check_folder(
    folder: Path, on_file: Callable[[int, int], None] | None = None
) -> tuple[FolderReport, list[PackedSong]]:
    """Read a folder, an archive or one file; return the report and the songs to learn from.

    Args:
        folder: Where the files are, in any depth.
        on_file: Called with how many files are done, and of how many.

    Raises:
        CorpusError: There is no such folder, or it holds no MIDI file.
    """
    if not folder.exists():
        raise CorpusError(f"{folder} does not exist.", "Name a folder of MIDI files.")
    names = corpus.list_names([folder])
    if not names:
        raise CorpusError(f"{folder.name} holds no MIDI file.", "MIDI files end in .mid, .midi or .kar.")
    checker = _Checker()
    for index, file in enumerate(corpus.read_files([folder])):
        checker.check(file)
        if on_file:
            on_file(index + 1, len(names))
    return checker.report(folder.name), checker.songs


class _Checker:
    """Files seen so far."""

    def __init__(self) -> None:
        self.songs: list[PackedSong] = []
        self._used: list[UsedFile] = []
        self._rejected: list[RejectedFile] = []
        self._seen: dict[str, str] = {}  # content: name

    def check(self, file: SourceFile) -> None:
        digest = hashlib.sha256(file.data).hexdigest()
        found = self._song(file, digest)
        if isinstance(found, RejectedFile):
            self._rejected.append(found)
            return
        song, repaired = found
        self.songs.append(song)
        used = UsedFile(file.name, digest, song.bars, len(song.onset), len(song.loop_starts), repaired)
        self._used.append(used)

    def _song(self, file: SourceFile, digest: str) -> tuple[PackedSong, tuple[str, ...]] | RejectedFile:
        if digest in self._seen:
            return RejectedFile(file.name, Reason.DUPLICATE, f"It is the same as {self._seen[digest]}.")
        if len(file.data) > MAX_FILE_BYTES:
            return RejectedFile(file.name, Reason.TOO_LONG, f"It has {len(file.data) >> 20} MB.")
        try:
            song = read_song(file.data, name=file.name)
            song, repaired = _with_drums(song)
            if (wrong := _objection(song)) is not None:
                return RejectedFile(file.name, *wrong)
            info = SongInfo(file.name, "own", song_group=corpus.song_group_of(file.name))
            packed = packing.pack(packing.shifted(song, packing.grid_shift(song)), info)
        except (MidiFileError, CorpusError, ValueError, IndexError, OverflowError) as error:
            detail = error.title if isinstance(error, MidiFileError | CorpusError) else str(error)
            return RejectedFile(file.name, Reason.TOO_LONG if "bars" in detail else Reason.UNREADABLE, detail)
        content = _content(packed)
        if content in self._seen:
            return RejectedFile(file.name, Reason.DUPLICATE, f"It has the notes of {self._seen[content]}.")
        self._seen[digest] = self._seen[content] = file.name
        return analysed(packed), repaired

    def report(self, folder: str) -> FolderReport:
        """Return what was found."""
        songs = self.songs
        tempi = np.array([float(np.median(song.tempo_bpm)) for song in songs])
        notes = sum(file.notes for file in self._used)
        keys = [song.info.key for song in songs if song.info.key[0] >= 0]
        return FolderReport(
            folder,
            tuple(self._used),
            tuple(self._rejected),
            notes=notes,
            bars=sum(file.bars for file in self._used),
            loops=sum(file.loops for file in self._used),
            parts=_counted([ROLES[role].value for song in songs for role in set(song.roles.tolist())]),
            keys=_counted([str(Key(tonic, MODES[mode])) for tonic, mode in keys]),
            meters=_counted([_meter(song) for song in songs]),
            tempo_bpm=(float(tempi.min()), float(np.median(tempi)), float(tempi.max())) if len(tempi) else None,
            verdict=next((v for v, least, few in _STEPS if len(songs) >= least and notes >= few), Verdict.NOTHING),
        )


def _objection(song: Song) -> tuple[Reason, str] | None:
    """Return why a song is not learned from, or None."""
    notes, bars = len(song.notes), song.bars
    if notes < MIN_NOTES or bars < MIN_BARS:
        return Reason.TOO_SHORT, f"It has {bars} bar{'s' if bars != 1 else ''} and {notes} notes."
    regular = sum(song.is_regular(bar, 1) for bar in range(bars))
    if regular < bars / 2:
        return Reason.WRONG_METRE, f"Of its {bars} bars {bars - regular} are in no metre that it states."
    share = on_grid_share(song)
    if share < _MIN_ON_GRID:
        return Reason.OFF_GRID, f"Only {share:.0%} of its notes are near a 16th or a triplet; chance alone gives 31 %."
    return None


def on_grid_share(song: Song) -> float:
    """Return the share of onsets near the 16th or the 8th triplet grid, after the constant shift that serves best."""
    onsets = song.notes[:, Column.ONSET] + packing.grid_shift(song)
    near = np.zeros(len(onsets), dtype=bool)
    for unit in (PPQ // 4, PPQ // 6):
        place = onsets % unit
        near |= np.minimum(place, unit - place) <= _GRID_TICKS
    return float(near.mean())


def _with_drums(song: Song) -> tuple[Song, tuple[str, ...]]:
    """Call a part drums that plays a drum kit on another channel than 10."""
    if any(track.is_drums for track in song.tracks):
        return song, ()
    for index, track in enumerate(song.tracks):
        pitches = song.notes[song.notes[:, Column.TRACK] == index, Column.PITCH]
        is_kit = len(np.unique(pitches)) <= _MAX_DRUM_PITCHES and all(
            np.isin(pitches, keys).any() for keys in (_KICKS, _SNARES, _CYMBALS)
        )
        share = np.isin(pitches, (*_KICKS, *_SNARES, *_CYMBALS)).mean() if len(pitches) else 0.0
        if len(pitches) >= MIN_NOTES and is_kit and share >= _MIN_DRUM_SHARE:
            tracks = list(song.tracks)
            tracks[index] = replace(track, role=Role.DRUMS, program=0)
            told = f"Part {track.name or index + 1} plays drums, but not on channel 10; it is read as drums."
            return replace(song, tracks=tuple(tracks)), (told,)
    return song, ()


def _content(song: PackedSong) -> str:
    """Return a hash of a song's rhythm and intervals: copies in another key or at another tempo are the same."""
    pitched = ~song.is_drums
    lowest = int(song.pitch[pitched].min()) if pitched.any() else 0
    pitch = np.where(pitched, song.pitch - lowest, song.pitch + 256)
    onset = song.onset - (song.onset[0] if len(song.onset) else 0)
    order = np.lexsort((pitch, onset))
    return hashlib.sha256(np.stack([onset[order], pitch[order]]).astype("<i4").tobytes()).hexdigest()


def _meter(song: PackedSong) -> str:
    pairs = Counter(zip(song.numerators.tolist(), song.denominators.tolist(), strict=True))
    numerator, denominator = pairs.most_common(1)[0][0]
    return f"{numerator}/{denominator}"


def _counted(values: Sequence[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def report_lines(report: FolderReport) -> list[str]:
    """Return a report in words, a line each."""
    files = len(report.used) + len(report.rejected)
    lines = [f"{len(report.used)} of {files} files can be used: {report.notes:,} notes, {report.bars:,} bars."]
    with_loops = sum(file.loops > 0 for file in report.used)
    lines.append(f"{report.loops:,} loops found, in {with_loops} files.")
    for title, counts in (("Parts", report.parts), ("Keys", report.keys), ("Metres", report.meters)):
        if counts:
            lines.append(f"{title}: " + ", ".join(f"{name} {count}" for name, count in list(counts.items())[:8]) + ".")
    if report.tempo_bpm:
        low, middle, high = report.tempo_bpm
        lines.append(f"Tempi: {low:.0f} to {high:.0f} BPM, the middle {middle:.0f}.")
    for reason in Reason:
        files_of = [file for file in report.rejected if file.reason is reason]
        if files_of:
            count = f"{len(files_of)} {'file' if len(files_of) == 1 else 'files'}"
            lines.append(f"Left out, {count}: {reason.value}. {FIXES[reason]}")
            lines += [f"  {file.name}: {file.detail}" for file in files_of[:5]]
            if len(files_of) > 5:
                lines.append(f"  … and {len(files_of) - 5} more")
    repaired = [(file.name, text) for file in report.used for text in file.repaired]
    lines += [f"Put right: {name}: {text}" for name, text in repaired[:5]]
    lines.append(VERDICTS[report.verdict])
    return lines
