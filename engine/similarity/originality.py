"""How much of a take the songs of training already have.

The index holds the phrases (`phrases.py`) of the train split, each as 16 bits, 9 of its hash and one of 127 groups of
songs, in one of 32,768 rows that 15 more bits of the hash choose. A phrase that many songs have is *common*: it is kept
as such, and counts for nothing; one that n groups have counts 1/n. A take is like a song if enough of its phrases lie
in one group, and they are a good part of what it plays; a phrase found by accident falls into any group, so accidents
do not add up.

Songs cannot be rebuilt from it. Order, place, key and part are not in it, nor which of some seventy songs of a group a
phrase is of. Of each phrase only 24 bits of a hash are kept, while some 2⁵² can be written: of the phrases that no song
has, two in five seem to be in it all the same. Whoever tries to go on from a phrase finds, among the some 800 notes
that may follow it, two or three that seem to be of the same group by accident, at every note anew: after ten notes,
thousands of tunes that no song has. It can only be asked whether given music is known.
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
from engine.similarity.phrases import ALL_NOTES, KEPT_OF_ALL, LINE_NOTES, HashArray, Phrases, sheet_phrases

logger = logging.getLogger(__name__)

VERSION = 2
FILE_NAME = "phrases.npz"
GROUPS = 127
COMMON = 0  # the group of phrases that belong to everybody
COMMON_FROM = 16  # songs
ROW_BITS = 15
_PRINT_BITS = 9
LONGEST_GAP = 8  # notes between phrases of one run: where a note is repeated there are none

UNKNOWN = Originality(0.0, 0.0, 0, 0)
_KIND = {"version": VERSION, "phrases": [LINE_NOTES, ALL_NOTES, KEPT_OF_ALL]}


class PhraseIndex:
    """The phrases of many songs.

    Args:
        counts: uint16 [2 ** ROW_BITS], how many phrases each row has.
        entries: uint16 [N], row by row, sorted within: 128 times the print, plus the group.
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
        order = np.lexsort((song, hashes))
        hashes, song = hashes[order], song[order].astype(np.uint64)
        is_new = np.r_[True, (hashes[1:] != hashes[:-1]) | (song[1:] != song[:-1])][: len(hashes)]
        hashes, song = hashes[is_new], song[is_new]
        values, count = np.unique(hashes, return_counts=True)
        rare = np.repeat(count < COMMON_FROM, count)
        group = 1 + _scattered(song[rare]) % np.uint64(GROUPS)
        keys = np.concatenate([hashes[rare], values[count >= COMMON_FROM]])
        groups = np.concatenate([group, np.full(int((count >= COMMON_FROM).sum()), COMMON, np.uint64)])
        row, mark = _places(keys)
        placed = np.unique((row << 16) | (mark << 7) | groups.astype(np.int64))
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
        """Return which groups have each phrase, bool [N, 1 + GROUPS], column `COMMON` for those of everybody."""
        out = np.zeros((len(hashes), GROUPS + 1), np.bool_)
        row, mark = _places(hashes)
        start, end = self._starts[row], self._starts[row + 1]
        phrase = np.repeat(np.arange(len(hashes)), end - start)
        place = np.arange(len(phrase)) - np.repeat(np.cumsum(end - start) - end, end - start)
        entries = self.entries[place]
        found = np.flatnonzero((entries >> 7) == mark[phrase])
        out[phrase[found], entries[found] & 127] = True
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
        is_own = ~member[:, COMMON]
        groups = member[:, 1:] & is_own[:, None]
        if not groups.any():
            return Originality(0.0, 0.0, int(is_own.sum()), 0)
        weight = is_own / np.maximum(groups.sum(axis=1), 1)
        heard = weight * np.bincount(which, minlength=len(hashes))
        votes = weight @ groups
        nearest = int((votes * (heard @ groups)).argmax())
        return Originality(
            similarity=float((heard @ groups)[nearest] / heard.sum()),
            shared=float(votes[nearest]),
            phrases=int(is_own.sum()),
            longest_run=_longest_run(found, member[which]),
        )


def _places(hashes: HashArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the row of each hash, and the 9 bits that it is known by there."""
    row = (hashes >> np.uint64(64 - ROW_BITS)).astype(np.int64)
    mark = (hashes >> np.uint64(64 - ROW_BITS - _PRINT_BITS)) & np.uint64((1 << _PRINT_BITS) - 1)
    return row, mark.astype(np.int64)


def _scattered(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        return (values * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)


def _longest_run(found: Phrases, member: npt.NDArray[np.bool_]) -> int:
    """Return the notes of the longest stretch of a part's line whose phrases one group has, or everybody."""
    longest = 0
    for part in np.unique(found.part):
        mine = found.is_line & (found.part == part)
        first = found.first[mine]
        shared = member[mine, 1:] | member[mine, COMMON][:, None]
        own = member[mine, 1:]
        began = np.full(GROUPS, -1)
        has_own = np.zeros(GROUPS, np.bool_)
        last = -LONGEST_GAP - 1
        for index, place in enumerate(first.tolist()):
            goes_on = shared[index] & (began >= 0) & (place - last <= LONGEST_GAP)
            has_own = (goes_on & has_own) | own[index]
            began = np.where(goes_on, began, np.where(shared[index], place, -1))
            last = place
            counted = has_own & (began >= 0)
            if counted.any():
                longest = max(longest, place + LINE_NOTES - int(began[counted].min()))
    return longest
