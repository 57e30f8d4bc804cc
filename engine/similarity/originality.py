"""How much of a take the songs of training already have.

The index holds the phrases (`phrases.py`) of the train split, each as 16 bits, 8 of its hash and one of 256 groups of
songs, in one of 32,768 rows that 15 more bits of the hash choose. A phrase that n groups have says log2(256 / n) bits:
what many songs have says little, what one has alone says most, and no phrase needs to be rare by itself, if a group
has enough of them. A take is like a song if the phrases that it shares with one group say much, much more than what it
shares with the group that is the `COMMON_TO`-th nearest, and are a good part of what all its phrases would say
(`Originality.likeness`): a copy stands out from all groups but its own, what several groups share is a manner of
playing. A phrase found by accident falls into any group, so accidents do not add up.

Songs cannot be rebuilt from it. Order, place, key and part are not in it, nor which of some thirty songs of a group a
phrase is of. Of each phrase only 23 bits of a hash are kept, while some 2⁵² can be written: nine in ten of the phrases
that no song has seem to be in it all the same. Whoever tries to go on from a phrase finds, among the some 800 notes
that may follow it, seven that seem to be of the same group by accident, at every note anew: after ten notes, millions
of tunes that no song has. A bar's hash is that of all its notes at once: a guess that is right but for one note says
nothing. It can only be asked whether given music is known.
"""

import io
import json
import logging
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError
from engine.messages import GenerationRequest, Originality, PartUse, Take
from engine.representation.sheet import Sheet
from engine.resources import asset
from engine.similarity.phrases import (
    ALL_NOTES,
    KEPT_OF_ALL,
    KEPT_TOGETHER,
    LINE_NOTES,
    HashArray,
    Phrases,
    sheet_phrases,
)

logger = logging.getLogger(__name__)

VERSION = 4
FILE_NAME = "phrases.npz"
GROUPS = 256
ROW_BITS = 15
_PRINT_BITS = 8
COMMON_TO = 4  # groups: two or three may have versions of one song; what more share is nobody's
LONGEST_GAP = 8  # notes between phrases of one run: where a note is repeated there are none

UNKNOWN = Originality(0.0, 0.0, 0, 0)
_KIND = {"version": VERSION, "phrases": [LINE_NOTES, ALL_NOTES, KEPT_OF_ALL, KEPT_TOGETHER]}


class PhraseIndex:
    """The phrases of many songs.

    Args:
        counts: uint16 [2 ** ROW_BITS], how many phrases each row has.
        entries: uint16 [N], row by row, sorted within: 256 times the print, plus the group.
        songs: How many songs it was built of.
    """

    def __init__(self, counts: npt.NDArray[np.uint16], entries: npt.NDArray[np.uint16], songs: int) -> None:
        self.counts, self.entries, self.songs = counts, entries, songs
        self._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

    @classmethod
    def build(cls, hashes: HashArray, song: npt.NDArray[np.integer], *, songs: int) -> "PhraseIndex":
        """Build an index.

        Args:
            hashes: uint64 [N], phrases.
            song: [N], the song (or group of versions of one song) of each.
            songs: How many songs there are.
        """
        row, mark = _places(hashes)
        group = (_scattered(song.astype(np.uint64)) % np.uint64(GROUPS)).astype(np.int64)
        placed = np.unique((row << 16) | (mark << 8) | group)
        counts = np.bincount(placed >> 16, minlength=1 << ROW_BITS).astype(np.uint16)
        return cls(counts, (placed & 0xFFFF).astype(np.uint16), songs)

    @classmethod
    def open(cls, path: Path) -> "PhraseIndex":
        """Read an index.

        Raises:
            EngineError: It is missing, damaged, or of another version.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                about = json.loads(stored["about"].tobytes())
                counts, low, high = stored["counts"], stored["low"], stored["high"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise EngineError(f"{path.name}, which tells how original a take is, cannot be read.", str(path)) from error
        if {name: about.get(name) for name in _KIND} != _KIND:
            raise EngineError(f"{path.name} was made for another version of Turnaround.", "Install Turnaround again.")
        if counts.shape != (1 << ROW_BITS,) or low.shape != high.shape or low.shape != (counts.sum(dtype=np.int64),):
            raise EngineError(f"{path.name} is damaged.", "Install Turnaround again.")
        steps = low.astype(np.uint16) | (high.astype(np.uint16) << 8)
        return cls(counts.astype(np.uint16), np.cumsum(steps, dtype=np.uint16), int(about["songs"]))

    def save(self, path: Path) -> None:
        """Write it, whole or not at all; as steps from entry to entry, which pack better."""
        about = json.dumps({**_KIND, "songs": self.songs})
        steps = np.diff(self.entries, prepend=np.uint16(0))  # wraps from row to row, and back when it is read
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            about=np.frombuffer(about.encode(), np.uint8),
            counts=self.counts,
            low=(steps & 0xFF).astype(np.uint8),
            high=(steps >> 8).astype(np.uint8),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".part")
        fresh.write_bytes(buffer.getvalue())
        fresh.replace(path)

    @classmethod
    def installed(cls) -> "PhraseIndex | None":
        """Open the index that ships; None, and a word in the log, if it cannot be read."""
        try:
            return cls.open(asset("originality", FILE_NAME))
        except EngineError as error:
            logger.warning("takes are not compared with the songs of training: %s", error)
            return None

    def compared(self, request: GenerationRequest, take: Take) -> Take:
        """Return a take that tells what its written parts share with the songs of training."""
        written = tuple(i for i, part in enumerate(request.parts) if part.use is PartUse.REPLACE)
        return replace(take, originality=self.originality(Sheet.from_loop(take.loop), written))

    def groups_of(self, hashes: HashArray) -> npt.NDArray[np.bool_]:
        """Return which groups have each phrase, bool [N, GROUPS]."""
        out = np.zeros((len(hashes), GROUPS), np.bool_)
        row, mark = _places(hashes)
        start, end = self._starts[row], self._starts[row + 1]
        phrase = np.repeat(np.arange(len(hashes)), end - start)
        place = np.arange(len(phrase)) - np.repeat(np.cumsum(end - start) - end, end - start)
        entries = self.entries[place]
        found = np.flatnonzero((entries >> 8) == mark[phrase])
        out[phrase[found], entries[found] & 0xFF] = True
        return out

    def originality(self, sheet: Sheet, parts: tuple[int, ...] | None = None) -> Originality:
        """Tell what a sheet shares with the songs of the index.

        Args:
            sheet: The music.
            parts: Only these parts, such as those that were written; None: all. Drums never count.
        """
        found = sheet_phrases(sheet, parts)
        if not len(found.hashes):
            return UNKNOWN
        hashes, which = np.unique(found.hashes, return_inverse=True)
        member = self.groups_of(hashes)
        bits = np.log2(GROUPS / np.maximum(member.sum(axis=1), 1))
        by_group = np.sort(bits @ member)
        shared = float(by_group[-1] - by_group[-COMMON_TO])
        return Originality(
            similarity=shared / max(float(bits.sum()), 1e-9),
            shared=shared,
            phrases=len(hashes),
            longest_run=_longest_run(found, member[which]),
        )


def _places(hashes: HashArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the row of each hash, and the bits that it is known by there."""
    row = (hashes >> np.uint64(64 - ROW_BITS)).astype(np.int64)
    mark = (hashes >> np.uint64(64 - ROW_BITS - _PRINT_BITS)) & np.uint64((1 << _PRINT_BITS) - 1)
    return row, mark.astype(np.int64)


def _scattered(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        return (values * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)


def _longest_run(found: Phrases, member: npt.NDArray[np.bool_]) -> int:
    """Return the notes of the longest stretch of a part's line whose phrases one group has."""
    longest = 0
    for part in np.unique(found.part[found.is_line]):
        mine = found.is_line & (found.part == part)
        place, shared = found.first[mine][:, None], member[mine]
        goes_on = np.zeros_like(shared)
        goes_on[1:] = shared[:-1] & (np.diff(place, axis=0) <= LONGEST_GAP)
        began = np.maximum.accumulate(np.where(goes_on, -1, place), axis=0)
        longest = max(longest, int(np.where(shared, place + LINE_NOTES - began, 0).max(initial=0)))
    return longest
