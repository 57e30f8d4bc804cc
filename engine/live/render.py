"""Renders loops to WAV files: the mix, its stems or both, played many times, with a count-in if wanted.

The work is cut into steps (a pass of a part, a file), so that whoever does it can do other things in between, tell
how far it is, and stop. Files appear at the very end: stems add up to the mix, so all share one gain.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from engine.errors import SoundError
from engine.jobs.files import RenderWav
from engine.live.clicks import clicks
from engine.live.synth import CEILING, DEFAULT_SAMPLE_RATE, Audio, default_soundfont, part_pieces, write_wav
from engine.music.naming import part_labels, safe_word

COUNT_IN = "count-in"


def render_steps(
    wish: RenderWav, *, sample_rate: int = DEFAULT_SAMPLE_RATE, soundfont: Path | None = None
) -> Generator[float, None, tuple[str, ...]]:
    """Render to files, step by step.

    Stems are named after their parts, `NAME_bass.wav`; a count-in is a stem of its own. Parts with gain 0 are left out.

    Args:
        wish: What to render and where to; its folder must exist.
        sample_rate: In Hz.
        soundfont: A .sf2 or .sf3 file; None for the default.

    Yields:
        How much is done, 0 to 1.

    Returns:
        The paths that were written, the mix first.

    Raises:
        SoundError: There is nothing to be heard, the SoundFont cannot be read, or a file cannot be written.
    """
    font = soundfont or default_soundfont()
    loop = wish.loop
    gains = wish.gains or (1.0,) * len(loop.tracks)
    heard = [part for part, track in enumerate(loop.tracks) if track.notes and gains[part] > 0]
    if not heard:
        raise SoundError("There is nothing to be heard.", "No part that is not muted has notes.")
    count_in = clicks(loop.meter, loop.tempo_bpm, wish.count_in_bars, sample_rate)
    mix, peak = count_in, float(np.abs(count_in).max(initial=0.0))
    stems: dict[str, Audio] = {COUNT_IN: count_in} if wish.count_in_bars else {}
    labels = part_labels(loop)
    for number, part in enumerate(heard):
        pieces: list[Audio] = [np.zeros_like(count_in)]
        for piece in part_pieces(loop.tracks[part], loop, passes=wish.passes, sample_rate=sample_rate, font=font):
            pieces.append(piece * np.float32(gains[part]))
            yield min(1.0, (number + (len(pieces) - 1) / wish.passes) / len(heard))
        audio = np.concatenate(pieces)
        mix = _sum(mix, audio)
        peak = max(peak, float(np.abs(audio).max()))
        if wish.has_stems:
            stems[labels[part]] = audio
    peak = max(peak, float(np.abs(mix).max()))
    gain = np.float32(min(1.0, CEILING / peak) if peak else 1.0)
    places: dict[Path, Path] = {}  # where a file is until all are there, and where it belongs
    try:
        for path, audio in _files(wish, mix, stems):
            temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
            write_wav(temporary, audio * gain, sample_rate)
            places[temporary] = path
            yield 1.0
        for temporary, path in places.items():
            temporary.replace(path)
    except OSError as error:
        raise SoundError(f"{error.filename2 or wish.path} cannot be written: {error.strerror or error}.") from error
    finally:
        for temporary in places:
            temporary.unlink(missing_ok=True)
    return tuple(map(str, places.values()))


def render_now(
    wish: RenderWav, *, sample_rate: int = DEFAULT_SAMPLE_RATE, soundfont: Path | None = None
) -> tuple[str, ...]:
    """Render to files in one go; return their paths. Raises what `render_steps` raises."""
    steps = render_steps(wish, sample_rate=sample_rate, soundfont=soundfont)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _files(wish: RenderWav, mix: Audio, stems: dict[str, Audio]) -> Iterator[tuple[Path, Audio]]:
    path = Path(wish.path)
    if wish.has_mix:
        yield path, mix
    if wish.has_stems:
        for label, audio in stems.items():
            yield path.with_name(f"{path.stem}_{safe_word(label)}{path.suffix}"), _sum(audio, np.zeros_like(mix))


def _sum(one: Audio, other: Audio) -> Audio:
    """Return the sum of two sounds that begin together."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total
