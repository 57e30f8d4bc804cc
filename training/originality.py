"""Builds the index that tells how original a take is, from packed songs.

python -m training.originality --data PACKED --out assets/originality
"""

import argparse
import logging
from pathlib import Path

import numpy as np

from engine.music.timing import TICKS_PER_STEP
from engine.similarity.originality import FILE_NAME, PhraseIndex
from engine.similarity.phrases import HashArray, NoteColumns, all_phrases, nearest_sixteenth
from training.dataset import SongPool
from training.songs import PackedSong

logger = logging.getLogger(__name__)


def song_phrases(song: PackedSong) -> HashArray:
    """Return the different phrases of a song, placed as `Sheet` places them."""
    step = ((song.onset + TICKS_PER_STEP // 2) // TICKS_PER_STEP).astype(np.int64)
    starts = song.bar_starts // TICKS_PER_STEP
    bar = np.clip(np.searchsorted(starts, step, side="right") - 1, 0, song.bars - 1)
    notes = NoteColumns(
        part=song.track.astype(np.int64),
        bar=bar,
        place=nearest_sixteenth(step - starts[bar]),
        sixteenth=nearest_sixteenth(step),
        pitch=song.pitch.astype(np.int64),
        is_drum=song.is_drums,
    )
    return np.unique(all_phrases(notes).hashes)


def build_index(songs: SongPool) -> PhraseIndex:
    """Return the index of all songs of a split; versions of one song count as one."""
    numbers: dict[str, int] = {}
    hashes: list[HashArray] = []
    owners: list[np.ndarray] = []
    for song in songs:
        of = song_phrases(song)
        hashes.append(of)
        number = numbers.setdefault(song.info.song_group or song.info.name, len(numbers))
        owners.append(np.full(len(of), number, np.int64))
    return PhraseIndex.build(np.concatenate(hashes), np.concatenate(owners), songs=len(songs))


def main() -> None:
    """Build from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    index = build_index(SongPool(options.data, "train"))
    index.save(options.out / FILE_NAME)
    size = (options.out / FILE_NAME).stat().st_size
    seeming = len(index.entries) / (1 << 24)
    logger.info("%d songs, %d phrases, %d bytes; seen by accident %.2f", index.songs, len(index.entries), size, seeming)


if __name__ == "__main__":
    main()
