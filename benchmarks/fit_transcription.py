"""Sets the weights by which transcription judges what it hears, on rendered music of the train split.

    python -m benchmarks.fit_transcription --corpus FOLDER pitched [--count 80] > engine/audio/weights.py
    python -m benchmarks.fit_transcription --corpus FOLDER drums [--count 320] [--soundfont FILE …]

Pitched stems: a logistic regression each, with a little weight decay. Drums: a small network, written to
`assets/drums/weights.npz`; one kept from every fifth stem tells at which likelihood of a kind of drum F1 is best, which
then counts as one half. Every drum stem is rendered four times: with the default SoundFont's standard kit and another
of its kits, and with two kits of the SoundFonts that are named, so that it is kinds of drums that are learned and not
one set of samples. The weights that ship were fitted with FluidR3_GM.sf2 (Debian: `fluid-soundfont-gm`). Every stem
counts alike. Half an hour on two cores.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.small_networks import marking_network, write_weights
from benchmarks.transcription import RenderedStem, rendered, rendered_stems, written_stems
from engine.audio.decoding import candidates, features
from engine.audio.drums import KEYS_OF_DRUM, Drum, drum_features
from engine.audio.onsets import HOPS_A_SECOND, onset_envelope
from engine.audio.pitched import BASS_RULES, LOWEST_KEY, POLYPHONIC_RULES, PitchRules, hear_pitches
from engine.music.general_midi import Role
from engine.resources import assets_folder

NEAR_SECONDS = 0.05
KEPT_EACH, PASSES, HIDDEN = 5, 30, 96
KITS = (0, 8, 16, 24, 25, 32)  # standard, room, power, electronic, TR-808, jazz: in every General MIDI SoundFont
LOG_ODDS = np.linspace(-1.4, 1.1, 51)
Array = npt.NDArray[np.float64]


def fitted(table: Array, truth: Array, weight: Array, *, decay: float = 0.05) -> list[float]:
    """Return the weights of a logistic regression, by Newton's method."""
    w = np.zeros(table.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(table @ w, -30, 30)))
        slope = table.T @ (weight * (truth - p)) - decay * w
        bend = (table * (weight * p * (1 - p))[:, None]).T @ table + decay * np.eye(len(w))
        w += np.linalg.solve(bend, slope)
    return [round(x, 2) for x in w.tolist()]


def pitched_weights(stems: Sequence[RenderedStem], rules: PitchRules) -> list[float]:
    tables: list[Array] = []
    truths: list[Array] = []
    for stem in stems:
        sounding, beginning = hear_pitches(stem.samples)
        found = candidates(sounding, beginning, onset_envelope(stem.samples), rules)
        if not found:
            continue
        truth = np.zeros(len(found))
        for onset, _, pitch in stem.notes:
            away = [
                (abs(c.onset_seconds - onset), i)
                for i, c in enumerate(found)
                if c.key + LOWEST_KEY == pitch and abs(c.onset_seconds - onset) < NEAR_SECONDS and not truth[i]
            ]
            if away:
                truth[min(away)[1]] = 1
        tables.append(features(found, sounding))
        truths.append(truth)
    return fitted(np.concatenate(tables), np.concatenate(truths), _alike(tables))


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """The candidates of a drum stem, what they are judged by, and which kinds of drum they are."""

    table: Array
    truth: Array  # [n, kinds]
    written: Array  # [kinds], strokes


def strokes_of(stem: RenderedStem) -> Strokes:
    frames, table = drum_features(stem.samples)
    times, truth, written = frames / HOPS_A_SECOND, np.zeros((len(frames), len(Drum))), np.zeros(len(Drum))
    for kind, drum in enumerate(Drum):
        onsets = {round(onset, 3) for onset, _, pitch in stem.notes if pitch in KEYS_OF_DRUM[drum]}
        written[kind] = len(onsets)
        for onset in onsets if len(times) else ():
            nearest = int(np.argmin(abs(times - onset)))
            if abs(times[nearest] - onset) < NEAR_SECONDS:
                truth[nearest, kind] = 1
    return Strokes(table, truth, written)


def drum_kits(corpus: Path, soundfonts: Sequence[Path], count: int, seed: int = 7) -> Iterator[list[Strokes]]:
    """Yield the strokes of each stem of the train split as several kits play it."""
    rng = np.random.default_rng(seed)
    others: Sequence[Path | None] = soundfonts or [None]
    for name, loop in written_stems(corpus, Role.DRUMS, split="train", count=count):
        drawn = [(None, KITS[0]), (None, int(rng.choice(KITS)))]
        drawn += [(others[int(rng.integers(len(others)))], int(rng.choice(KITS))) for _ in range(2)]
        yield [strokes_of(rendered(name, loop, soundfont, kit)) for soundfont, kit in drawn]


def drum_network(stems: Sequence[Sequence[Strokes]]) -> dict[str, Array]:
    """Fit on all stems, with the likelihoods at which others of them are told best by a fit on the rest."""

    def heard(some: Sequence[Sequence[Strokes]]) -> list[Strokes]:
        return [strokes for stem in some for strokes in stem if len(strokes.table)]

    rest = [stem for at, stem in enumerate(stems) if at % KEPT_EACH]
    best = best_log_odds(_network(heard(rest)), heard(stems[::KEPT_EACH]))
    network = _network(heard(stems))
    network["outer"][-1] -= best
    return network


def _network(stems: Sequence[Strokes]) -> dict[str, Array]:
    tables = [stem.table for stem in stems]
    table, truth = np.concatenate(tables), np.concatenate([stem.truth for stem in stems])
    return marking_network(table, truth, _alike(tables), hidden=HIDDEN, passes=PASSES, decay=0.3, left_out=0.2)


def best_log_odds(network: dict[str, Array], stems: Sequence[Strokes]) -> Array:
    """Return from which score on each kind of drum is told with the highest F1, [kinds]."""
    table, truth = (np.concatenate([getattr(stem, part) for stem in stems]) for part in ("table", "truth"))
    written = np.sum([stem.written for stem in stems], axis=0)
    units = np.tanh(table @ network["inner"][:-1] + network["inner"][-1])
    scores = units @ network["outer"][:-1] + network["outer"][-1]
    told = scores[None] >= LOG_ODDS[:, None, None]
    f1 = 2 * (told * truth).sum(axis=1) / np.maximum(told.sum(axis=1) + written, 1)
    return LOG_ODDS[f1.argmax(axis=0)]


def _alike(tables: Sequence[Array]) -> Array:
    return np.concatenate([np.full(len(table), 100 / len(table)) for table in tables])


def text_of(bass: list[float], polyphonic: list[float]) -> str:
    """Return the module of weights."""
    return (
        '"""Weights of the judgements in `decoding.py`.\n\n'
        "Written by `benchmarks/fit_transcription.py` from rendered music of the train split; not edited by hand.\n"
        '"""\n\n'
        f"# fmt: off\nBASS_WEIGHTS = {_tuple(bass)}\nPOLYPHONIC_WEIGHTS = {_tuple(polyphonic)}\n# fmt: on\n"
    )


def _tuple(row: list[float]) -> str:
    """Return a tuple of at most 12 numbers a line."""
    lines = [", ".join(f"{x:g}" for x in row[at : at + 12]) for at in range(0, len(row), 12)]
    return "(\n        " + ",\n        ".join(lines) + ",\n    )"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pitched", "drums"))
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--count", type=int, help="Stems of each role; 80 pitched, 320 of drums.")
    parser.add_argument("--soundfont", type=Path, nargs="+", default=[], help="More SoundFonts with kits of drums.")
    options = parser.parse_args()

    def stems(role: Role, count: int) -> Iterator[RenderedStem]:
        return rendered_stems(options.corpus, role, split="train", count=options.count or count)

    if options.what == "drums":
        network = drum_network(list(drum_kits(options.corpus, options.soundfont, options.count or 320)))
        folder = assets_folder() / "drums"
        folder.mkdir(exist_ok=True)
        write_weights(folder / "weights.npz", network)
        return
    bass = pitched_weights(list(stems(Role.BASS, 80)), BASS_RULES)
    polyphonic = pitched_weights(list(stems(Role.KEYS, 80)), POLYPHONIC_RULES)
    sys.stdout.write(text_of(bass, polyphonic))


if __name__ == "__main__":
    main()
