"""Bars of packed songs as batches: what the encoder is trained and probed on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.representation.bars import HEADER_COLUMNS, BarColumn, BarTokens, bar_tokens, stacked
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import DRUM_OFFSET, VELOCITIES
from training.dataset import SongPool, WindowConfig, window_at
from training.songs import PackedSong

TRANSPOSE, LOUDER = 6, 3  # the furthest an augmented view is moved: semitones, velocity bins
MASKED_SHARE, MASKED_NOTES = 0.15, 0.1  # of single fields; of notes that keep nothing but their role and place
MIN_NOTES, MOST_NOTES = 4, 48  # of fuller bars, a random part is shown: costs less, and teaches more
_CUT = WindowConfig(augment=False)


@dataclass(frozen=True, slots=True)
class BarBatch:
    """Bars, some of each of several songs.

    Attributes:
        tokens: int16 [B, T, 7].
        neighbours: int16 [B, T', 7], the bar after each (before it, at the end).
        song: int64 [B], index of the song in the batch.
    """

    tokens: BarTokens
    neighbours: BarTokens
    song: npt.NDArray[np.int64]


def one_bar(song: PackedSong, bar: int) -> Sheet | None:
    """Return one bar of a song with all its parts; None if it has no meter or under `MIN_NOTES` notes."""
    window = window_at(song, bar, 1, _CUT, np.random.default_rng(0), is_loop=False, all_parts=True)
    return window.sheet if window is not None and len(window.sheet.notes) >= MIN_NOTES else None


def draw_batch(songs: SongPool, rng: np.random.Generator, *, song_count: int, bars_a_song: int) -> BarBatch:
    """Draw songs by their weight, and bars of each with the bar beside them."""
    tokens: list[BarTokens] = []
    neighbours: list[BarTokens] = []
    index: list[int] = []
    for number, chosen in enumerate(rng.choice(len(songs), song_count, p=songs.probabilities).tolist()):
        song = songs[chosen]
        for bar in rng.permutation(song.bars)[:bars_a_song].tolist():
            other = bar + 1 if bar + 1 < song.bars else bar - 1
            pair = one_bar(song, bar), one_bar(song, other) if other >= 0 else None
            if pair[0] is None or pair[1] is None:
                continue
            with_tempo = rng.random() < 0.5
            tokens.append(_thinned(bar_tokens(pair[0], with_tempo=with_tempo), rng))
            neighbours.append(_thinned(bar_tokens(pair[1], with_tempo=with_tempo), rng))
            index.append(number)
    return BarBatch(stacked(tokens), stacked(neighbours), np.array(index))


def _thinned(bar: BarTokens, rng: np.random.Generator) -> BarTokens:
    notes = bar.shape[1] - 1
    if notes <= MOST_NOTES:
        return bar
    return bar[:, [0, *np.sort(1 + rng.permutation(notes)[:MOST_NOTES])]]


def augmented_view(tokens: BarTokens, rng: np.random.Generator) -> BarTokens:
    """Return bars moved by up to `TRANSPOSE` semitones (drums stay) and `LOUDER` velocity bins."""
    out = tokens.copy()
    pitch, velocity = out[..., BarColumn.PITCH], out[..., BarColumn.VELOCITY]
    pitched = (pitch > 0) & (pitch <= DRUM_OFFSET)
    steps = rng.integers(-TRANSPOSE, TRANSPOSE + 1, len(out))[:, None]
    moved = pitch + steps
    moved = np.where(moved < 1, moved + 12, np.where(moved > DRUM_OFFSET, moved - 12, moved))
    out[..., BarColumn.PITCH] = np.where(pitched, moved, pitch)
    louder = np.clip(velocity + rng.integers(-LOUDER, LOUDER + 1, len(out))[:, None], 1, VELOCITIES)
    out[..., BarColumn.VELOCITY] = np.where(velocity > 0, louder, 0)
    return out


def drawn_masks(tokens: BarTokens, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which fields are hidden, bool [B, T, 7]: single ones, and all of some notes but role and place."""
    hidden = rng.random(tokens.shape, dtype=np.float32) < MASKED_SHARE
    whole = rng.random(tokens.shape[:2], dtype=np.float32) < MASKED_NOTES
    hidden |= whole[..., None]
    hidden[..., BarColumn.POSITION] &= ~whole
    hidden[..., [BarColumn.ROLE, BarColumn.TEMPO]] = False
    hidden &= tokens > 0
    hidden[:, 0, list(HEADER_COLUMNS)] = False
    return hidden
