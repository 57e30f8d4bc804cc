"""Stems that are sound, as MIDI files of what was heard in them, for as long as they are needed."""

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from engine.audio.reading import is_audio_path
from engine.audio.transcribing import as_track, common_tempo, transcribe
from engine.cli.console import people
from engine.midi import smf
from engine.music.timing import Meter
from engine.stems.merge import Stem


@contextmanager
def sounds_heard(stems: Sequence[Stem], *, tempo_bpm: float | None, meter: Meter | None) -> Generator[list[Stem]]:
    """Give the stems, those that are sound replaced by MIDI files, until the block ends.

    Args:
        stems: As they were named.
        tempo_bpm: Where it is known; None for that of a MIDI stem, else for the one that is heard.
        meter: Of their bars, likewise.

    Raises:
        AudioFileError: A sound cannot be read, or nothing was heard in it.
        MidiFileError: A MIDI stem cannot be read.
        EngineError: The audio extra is missing.
    """
    sounds = [stem for stem in stems if is_audio_path(stem.path)]
    if not sounds:
        yield list(stems)
        return
    told = [smf.read(stem.path) for stem in stems if stem not in sounds]
    tempo_bpm = tempo_bpm or next((result.loop.tempo_bpm for result in told if result.states_tempo), None)
    meter = meter or next((result.loop.meter for result in told if result.states_meter), None)
    heard = {stem: transcribe(stem.path, role=stem.role, tempo_bpm=tempo_bpm, meter=meter) for stem in sounds}
    tempo = common_tempo(list(heard.values()), meter=meter, tempo_bpm=tempo_bpm)
    given: dict[Stem, Stem] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (stem, found) in enumerate(heard.items()):
            goal = Path(folder, str(number), f"{stem.path.stem}.mid")
            goal.parent.mkdir()
            track = as_track(found, tempo=tempo)
            smf.write_part(track, goal, tempo_bpm=tempo.bpm, meter=tempo.meter)
            given[stem] = replace(stem, role=found.role, path=goal)
            text = f"{stem.path.name}: heard {len(track.notes)} {found.role.value} notes"
            people().print(
                f"{text}, {tempo.bpm:g} BPM, {tempo.meter}, bar 1 at {tempo.bar_one_seconds:.2f} s",
                markup=False,
                soft_wrap=True,
            )
        yield [given.get(stem, stem) for stem in stems]
