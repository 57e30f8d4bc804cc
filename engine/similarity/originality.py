"""How much of a take the songs of training already have.

The index holds half of the phrases (`phrases.py`) of the train split, each as 16 bits: 9 bits of its hash and one of
127 groups of songs, in one of 131,072 rows that 17 more bits of the hash choose. A phrase that more than three songs
have is *common*: it is kept as such, and counts for nothing. A take is like a song if many of its own phrases lie in
one group; a phrase found by accident falls into any group, so accidents do not add up.

Songs cannot be rebuilt from it. Order, place, key and part are not in it. Of each phrase only 25 bits of a hash are
kept, while some 2⁵² can be written: of the phrases that no song has, one in 25 seems to be in it all the same, so that
whoever tries all that are plausible finds more false ones than true. Half of the phrases are missing, so that one does
not lead to the next, and some seventy songs share a group. It can only be asked whether given music is known.
"""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError
from engine.messages import Originality
from engine.representation.sheet import Sheet
from engine.similarity.phrases import PHRASE_NOTES, HashArray, Phrases, sheet_phrases

VERSION = 1
FILE_NAME = "phrases.npz"
SAMPLED = 2  # one phrase in so many is kept
GROUPS = 127
COMMON = 0  # the group of phrases that belong to everybody
COMMON_FROM = 4  # songs
ROW_BITS, SLOTS = 17, 30
_PRINT_BITS = 9
LONGEST_GAP = 8  # notes between phrases that are kept, within one run

Table = npt.NDArray[np.uint16]  # uint16 [rows, SLOTS]: print · 128 + group, 0 where empty


UNKNOWN = Originality(0.0, 0, 0, 0)


class PhraseIndex:
    """The phrases of many songs.

    Args:
        table: See `Table`.
        songs: How many songs it was built of.
    """

    def __init__(self, table: Table, songs: int) -> None:
        self.table = table
        self.songs = songs

    @classmethod
    def build(cls, hashes: HashArray, song: npt.NDArray[np.integer], *, songs: int) -> "PhraseIndex":
        """Build an index.

        Args:
            hashes: uint64 [N], phrases.
            song: [N], the song (or group of versions of one song) of each.
            songs: How many songs there are.
        """
        kept = sampled(hashes)
        hashes, song = hashes[kept], song[kept]
        pairs = np.unique(np.stack([hashes, song.astype(np.uint64)]), axis=1)
        values, count = np.unique(pairs[0], return_counts=True)
        rare = np.repeat(count < COMMON_FROM, count)
        group = 1 + _scattered(pairs[1][rare]) % np.uint64(GROUPS)
        keys = np.concatenate([pairs[0][rare], values[count >= COMMON_FROM]])
        groups = np.concatenate([group, np.full(int((count >= COMMON_FROM).sum()), COMMON, np.uint64)])
        row, mark = _places(keys)
        order = np.argsort(row, kind="stable")
        row, entry = row[order], (mark[order] * 128 + groups[order].astype(np.int64)).astype(np.uint16)
        firsts = np.searchsorted(row, np.arange(1 << ROW_BITS))
        slot = np.arange(len(row)) - firsts[row]
        fits = slot < SLOTS  # a full row forgets the rest: about one phrase in a hundred
        table = np.zeros((1 << ROW_BITS, SLOTS), np.uint16)
        table[row[fits], slot[fits]] = entry[fits]
        return cls(table, songs)

    @classmethod
    def open(cls, path: Path) -> "PhraseIndex":
        """Read an index.

        Raises:
            EngineError: It is missing, damaged, or of another version.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                about = json.loads(stored["about"].tobytes())
                table = stored["table"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise EngineError(f"{path.name}, which tells how original a take is, cannot be read.", str(path)) from error
        if about.get("version") != VERSION or about.get("phrase_notes") != PHRASE_NOTES:
            raise EngineError(f"{path.name} was made for another version of Turnaround.", "Install Turnaround again.")
        if table.shape != (1 << ROW_BITS, SLOTS) or table.dtype != np.uint16:
            raise EngineError(f"{path.name} is damaged.", "Install Turnaround again.")
        return cls(table, int(about["songs"]))

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        about = json.dumps({"version": VERSION, "phrase_notes": PHRASE_NOTES, "songs": self.songs})
        buffer = io.BytesIO()
        np.savez(buffer, about=np.frombuffer(about.encode(), np.uint8), table=self.table)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".part")
        fresh.write_bytes(buffer.getvalue())
        fresh.replace(path)

    def groups_of(self, hashes: HashArray) -> npt.NDArray[np.bool_]:
        """Return which groups have each phrase, bool [N, 1 + GROUPS], column `COMMON` for those of everybody."""
        row, mark = _places(hashes)
        entries = self.table[row]
        found = (entries >> 7) == mark[:, None]
        out = np.zeros((len(hashes), GROUPS + 1), np.bool_)
        phrase, slot = np.nonzero(found)
        out[phrase, entries[phrase, slot] & 127] = True
        return out

    def originality(self, sheet: Sheet, parts: tuple[int, ...] | None = None) -> Originality:
        """Tell what a sheet shares with the songs of the index.

        Args:
            sheet: The music.
            parts: Only these parts, such as those that were written; None: all. Drums never count.
        """
        found = sheet_phrases(sheet, parts)
        kept = sampled(found.hashes)
        found = Phrases(found.hashes[kept], found.part[kept], found.first[kept])
        if not len(found.hashes):
            return UNKNOWN
        member = self.groups_of(found.hashes)
        is_own = ~member[:, COMMON]
        votes = member[is_own, 1:].sum(axis=0)
        if not votes.any():
            return Originality(0.0, 0, len(np.unique(found.hashes[is_own])), 0)
        nearest = 1 + int(votes.argmax())
        hit = is_own & member[:, nearest]
        return Originality(
            similarity=float(hit.sum() / is_own.sum()),
            shared=len(np.unique(found.hashes[hit])),
            phrases=len(np.unique(found.hashes[is_own])),
            longest_run=_longest_run(found, member),
        )


def sampled(hashes: HashArray) -> npt.NDArray[np.bool_]:
    """Tell which phrases the index keeps."""
    return hashes % np.uint64(SAMPLED) == 0


def _places(hashes: HashArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the row of each hash, and the 9 bits, never 0, that it is known by there."""
    row = (hashes >> np.uint64(64 - ROW_BITS)).astype(np.int64)
    mark = (hashes >> np.uint64(64 - ROW_BITS - _PRINT_BITS)) & np.uint64((1 << _PRINT_BITS) - 1)
    return row, np.maximum(mark.astype(np.int64), 1)


def _scattered(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        return (values * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)


def _longest_run(found: Phrases, member: npt.NDArray[np.bool_]) -> int:
    """Return the notes of the longest stretch of one part whose phrases one group has, or everybody.

    Phrases that are not kept lie between those that are: a stretch goes on over gaps up to `LONGEST_GAP` notes, which
    one in two hundred is longer than.
    """
    longest = 0
    for part in np.unique(found.part):
        mine = found.part == part
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
                longest = max(longest, place + PHRASE_NOTES - int(began[counted].min()))
    return longest
