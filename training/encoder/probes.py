"""Seven questions to a bar encoder, layer by layer: what its vectors know of a bar.

    python -m training.encoder.probes --data PACKED runs/encoder/last.ckpt … [--songs 300] [--seed 1]

Each asks a ridge regression (strength 100) on frozen, standardised vectors of bars; it is fitted on 5 bars of each
song of the train split and asked about 10 bars of each song of the test split:

* chords: which of 12 roots × 7 qualities sound (AUC, mean over chords that occur);
* groove: on which of 48 places of the bar a note begins (AUC);
* instruments: which of 128 programs and drums play (AUC);
* tempo: which of 32 classes (accuracy); the tempo is not told;
* velocity, duration: the mean over notes (root mean square error, velocity 0 to 127, quarters);
* songs: how much a song's bars spread over as many K-means clusters as songs (normalised entropy, lower is better).

An eighth figure asks for no more than the vectors, means over the bars of a loop: of two loops of each of up to 300
songs of the test split, how often the nearest of all is the other one of the song.

Beside every network stand counts of raw features of the bar, a network untrained, and what ships: the encoder of the
library, alone and beside the directions of the counts. Definitions follow Lee, Han and
Kim's analysis of BERT-like music representations; chords are this project's own: compare figures within it only.
"""

import argparse
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from engine.representation.bars import BAR_COLUMN_SIZES, BarColumn, BarTokens, bar_tokens, stacked
from engine.representation.sheet import DURATION_TABLE, Sheet, velocity_of_bin
from engine.representation.vocabulary import DRUM_OFFSET
from engine.resources import asset
from engine.similarity.bar_encoder import BarEncoder
from engine.similarity.loops import BESIDE, ENCODER, LoopSpace, side_by_side, unit
from training.dataset import SongPool
from training.encoder.bars import one_bar
from training.encoder.network import BarNetwork
from training.encoder.song_network import counts_of
from training.encoder.train import load_encoder
from training.similarity import two_loops_a_song

logger = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]
STRENGTH = 100.0
FITTED_BARS, ASKED_BARS = 5, 10
GROOVE_PLACES, TEMPO_CLASSES, QUALITIES = 48, 32, 7
SAME_SONG, PAIRS = "same song", 300
PROBES = ("chords", "groove", "instruments", "tempo", "velocity", "duration", "songs")
HIGHER_IS_BETTER = ("chords", "groove", "instruments", "tempo")


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars and what is asked of them.

    Attributes:
        tokens: What the encoder reads; the tempo untold.
        song: int64 [N].
        labels: By probe: bool [N, classes], int64 [N] or float64 [N].
    """

    tokens: BarTokens
    song: npt.NDArray[np.int64]
    labels: dict[str, npt.NDArray[np.generic]]


def draw_bars(songs: SongPool, *, song_count: int, bars_a_song: int, seed: int) -> Bars:
    """Draw bars of songs, and measure what is asked."""
    rng = np.random.default_rng(seed)
    sheets: list[Sheet] = []
    owner: list[int] = []
    for number, index in enumerate(rng.permutation(len(songs))[:song_count].tolist()):
        song = songs[index]
        found = (one_bar(song, bar) for bar in rng.permutation(song.bars)[: 2 * bars_a_song].tolist())
        kept = [sheet for sheet in found if sheet is not None][:bars_a_song]
        sheets += kept
        owner += [number] * len(kept)
    tokens = stacked([bar_tokens(sheet) for sheet in sheets])
    return Bars(tokens, np.array(owner), _labels(sheets))


def _labels(sheets: Sequence[Sheet]) -> dict[str, npt.NDArray[np.generic]]:
    chords = np.zeros((len(sheets), 12 * QUALITIES), np.bool_)
    groove = np.zeros((len(sheets), GROOVE_PLACES), np.bool_)
    programs = np.zeros((len(sheets), 129), np.bool_)
    numbers = np.zeros((len(sheets), 3))
    for index, sheet in enumerate(sheets):
        notes = sheet.notes
        for identity in sheet.chords[0].tolist():
            root, quality = divmod(identity - 2, 8)
            if identity >= 2 and quality < QUALITIES and root < 12:
                chords[index, root * QUALITIES + quality] = True
        groove[index, notes.position * GROOVE_PLACES // sheet.meter.steps_per_bar] = True
        for part in np.unique(notes.track).tolist():
            drums = bool((notes.pitch[notes.track == part] >= DRUM_OFFSET).all())
            programs[index, 128 if drums else (sheet.programs[part] or 0)] = True
        numbers[index] = (
            sheet.tempo_bpm,
            velocity_of_bin(notes.velocity).mean(),
            DURATION_TABLE[notes.duration].mean() / 24,
        )
    tempo = np.clip(np.log2(numbers[:, 0] / 40) / np.log2(6) * TEMPO_CLASSES, 0, TEMPO_CLASSES - 1)
    return {
        "chords": chords,
        "groove": groove,
        "instruments": programs,
        "tempo": tempo.astype(np.int64),
        "velocity": numbers[:, 1],
        "duration": numbers[:, 2],
    }


def probed(fitted: Bars, asked: Bars, x: FloatArray, y: FloatArray, *, seed: int = 0) -> dict[str, float]:
    """Return the seven figures of one kind of vectors.

    Args:
        fitted, asked: The bars.
        x: float64 [N, D], vectors of the fitted ones.
        y: float64 [M, D], of the asked ones.
        seed: Of K-means.
    """
    mean, spread = x.mean(0), x.std(0) + 1e-9
    x, y = (x - mean) / spread, (y - mean) / spread
    figures: dict[str, float] = {}
    for name in ("chords", "groove", "instruments"):
        scores = _ridge(x, fitted.labels[name].astype(np.float64), y)
        figures[name] = mean_auc(scores, asked.labels[name].astype(np.bool_))
    classes = np.eye(TEMPO_CLASSES)[fitted.labels["tempo"].astype(np.int64)]
    figures["tempo"] = float((_ridge(x, classes, y).argmax(1) == asked.labels["tempo"]).mean())
    for name in ("velocity", "duration"):
        got = _ridge(x, fitted.labels[name].astype(np.float64)[:, None], y)[:, 0]
        figures[name] = float(np.sqrt(((got - asked.labels[name].astype(np.float64)) ** 2).mean()))
    figures["songs"] = song_spread(y, asked.song, seed=seed)
    return figures


def _ridge(x: FloatArray, labels: FloatArray, y: FloatArray) -> FloatArray:
    middle = labels.mean(0)
    weights = np.linalg.solve(x.T @ x + STRENGTH * np.eye(x.shape[1]), x.T @ (labels - middle))
    return y @ weights + middle


def mean_auc(scores: FloatArray, truth: npt.NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve, mean over columns that have both answers; ties count half."""
    areas: list[float] = []
    for column in range(truth.shape[1]):
        positive, negative = scores[truth[:, column], column], scores[~truth[:, column], column]
        if len(positive) and len(negative):
            order = np.sort(negative)
            below = np.searchsorted(order, positive, "left") + np.searchsorted(order, positive, "right")
            areas.append(float(below.mean() / 2 / len(negative)))
    return float(np.mean(areas))


def song_spread(vectors: FloatArray, song: npt.NDArray[np.int64], *, seed: int, rounds: int = 20) -> float:
    """Return how songs spread over K-means clusters, as many as songs: entropy over its maximum, mean over songs."""
    rng = np.random.default_rng(seed)
    count = len(np.unique(song))
    centres = vectors[rng.permutation(len(vectors))[:count]]
    cluster = np.zeros(len(vectors), np.int64)
    for _ in range(rounds):
        squares = (centres**2).sum(1)[None] - 2 * vectors @ centres.T
        cluster = squares.argmin(1)
        sizes = np.bincount(cluster, minlength=count)
        sums = np.zeros_like(centres)
        np.add.at(sums, cluster, vectors)
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
    spreads: list[float] = []
    for one in np.unique(song):
        shares = np.bincount(cluster[song == one]) / (song == one).sum()
        bars = int((song == one).sum())
        if bars > 1:
            spreads.append(float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum() / np.log(bars)))
    return float(np.mean(spreads))


def same_song_first(loops: FloatArray) -> float:
    """Return how often the loop nearest to one, by cosine, is the other of its song.

    Args:
        loops: float64 [2 · songs, D], two of each song one after the other.
    """
    unit = loops / np.maximum(np.linalg.norm(loops, axis=1, keepdims=True), 1e-9)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    return float((likeness.argmax(axis=1) == np.arange(len(loops)) ^ 1).mean())


def _loop_means(vectors: FloatArray, bars: Sequence[int]) -> FloatArray:
    ends = np.cumsum(bars)
    return np.add.reduceat(vectors, np.r_[0, ends[:-1]], axis=0) / np.array(bars)[:, None]


def network_vectors(network: BarNetwork, tokens: BarTokens) -> list[FloatArray]:
    """Return the vectors of bars at every layer, float64 [N, width] each."""
    parts: list[list[FloatArray]] = []
    with torch.no_grad():
        for start in range(0, len(tokens), 64):
            layers = network.eval().layer_vectors(torch.from_numpy(tokens[start : start + 64]))
            parts.append([layer.numpy().astype(np.float64) for layer in layers])
    return [np.concatenate(layer) for layer in zip(*parts, strict=True)]


def raw_vectors(tokens: BarTokens) -> FloatArray:
    """Return means of one-hot features over the notes of each bar: the baseline that no network has looked at."""
    notes = tokens[:, 1:]
    is_note = (notes > 0).any(-1)
    out: list[FloatArray] = []
    for column in BarColumn:
        counts = np.zeros((len(tokens), BAR_COLUMN_SIZES[column]))
        bar, row = np.nonzero(is_note)
        np.add.at(counts, (bar, notes[bar, row, column]), 1.0)
        out.append(counts[:, 1:])
    return np.concatenate(out, axis=1) / np.maximum(is_note.sum(1), 1)[:, None]


def shipped_vectors(encoder: BarEncoder, space: LoopSpace, tokens: BarTokens) -> tuple[FloatArray, FloatArray]:
    """Return the vectors of bars as the encoder that ships gives them, and as the library compares loops."""
    heard = encoder.bar_vectors(tokens)
    counts = (counts_of(torch.from_numpy(tokens)).numpy() - space.middle) @ space.axes
    return heard.astype(np.float64), side_by_side(unit(counts), unit(heard), BESIDE).astype(np.float64)


def table(rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """Return the figures as Markdown."""
    columns = (*PROBES, SAME_SONG)
    lines = ["| |" + "|".join(columns) + "|", "|---|" + "---|" * len(columns)]
    lines += [f"| {name} | " + " | ".join(f"{figures[c]:.3f}" for c in columns) + " |" for name, figures in rows]
    return "\n".join(lines)


def main() -> None:
    """Probe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="*")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    fitted = draw_bars(
        SongPool(options.data, "train"), song_count=options.songs, bars_a_song=FITTED_BARS, seed=options.seed
    )
    asked = draw_bars(
        SongPool(options.data, "test"), song_count=options.songs, bars_a_song=ASKED_BARS, seed=options.seed
    )
    logger.info("fitted on %d bars, asked about %d", len(fitted.song), len(asked.song))
    loops = two_loops_a_song(SongPool(options.data, "test"), PAIRS, options.seed)
    bars, tokens = [sheet.bars for sheet in loops], stacked([bar_tokens(sheet) for sheet in loops])

    def figures(x: FloatArray, y: FloatArray, of_loops: FloatArray) -> dict[str, float]:
        return probed(fitted, asked, x, y) | {SAME_SONG: same_song_first(_loop_means(of_loops, bars))}

    raw = figures(raw_vectors(fitted.tokens), raw_vectors(asked.tokens), raw_vectors(tokens))
    rows = [("raw features", raw)]
    encoder, space = BarEncoder(asset("similarity", ENCODER), threads=1), LoopSpace.open(asset("similarity"))
    ways = zip(*(shipped_vectors(encoder, space, of) for of in (fitted.tokens, asked.tokens, tokens)), strict=True)
    rows += [(name, figures(*vectors)) for name, vectors in zip(("shipped", "beside counts"), ways, strict=True)]
    torch.manual_seed(0)
    networks: list[tuple[str, Callable[[], BarNetwork]]] = [("untrained", BarNetwork)]
    networks += [(path.parent.name, lambda path=path: load_encoder(path)) for path in options.checkpoints]
    for name, build in networks:
        network = build()
        layers = zip(*(network_vectors(network, of) for of in (fitted.tokens, asked.tokens, tokens)), strict=True)
        rows += [(f"{name}, layer {layer}", figures(*vectors)) for layer, vectors in enumerate(layers)]
    logger.info("%s", table(rows))


if __name__ == "__main__":
    main()
