"""One item of an evaluation: what is asked of the model, and the rows that its answer gives.

An item depends on nothing but its number, the seed and the model, so that items may be done by any process, in any
order, and again. Rows are (source, item, measure, value, other); `other` is what the value is weighed or compared with.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.inference.bundle import ModelBundle
from engine.inference.generator import Generator
from engine.inference.model import LoopModel, OnnxLoopModel
from engine.messages import Finished, GenerationRequest, Take, TakeReady
from engine.music.loop import Loop
from engine.representation.controls import TRACK_CONTROLS, exact_loop_ids
from engine.representation.layout import Plan, Use, labels_of, training_rows
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import Field, Kind
from engine.runtime import RuntimeSettings
from engine.similarity.originality import PhraseIndex
from training.dataset import SongPool
from training.evaluation.damage import begun_late, randomised, shuffled_bars
from training.evaluation.likelihood import window_of
from training.evaluation.material import (
    answered_part,
    only_parts,
    real_loops,
    request_for_part,
    request_like,
)
from training.evaluation.music import difference_of_takes, is_found_as_loop, onset_alignment, pitch_class_overlap
from training.evaluation.seam import ringing_share, seam_surprise

BAR_LINES = "nats at all bar lines"
_LIMITS = ("polyphony_max", "lowest_pitch", "highest_pitch")


class Row(NamedTuple):
    """One measured number."""

    source: str
    item: int
    measure: str
    value: float
    other: float = 0.0


class KeptLoop(NamedTuple):
    """A loop that the set-level measures need later."""

    source: str
    item: int
    loop: Loop


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes:
        loops: Real loops that are asked for again, and measured themselves.
        windows: Windows whose likelihood is asked.
        takes: Takes a request.
    """

    loops: int = 300
    windows: int = 256
    takes: int = 2


QUICK = Sizes(loops=24, windows=32)


class Evaluator:
    """All that an item needs, opened once a process.

    Args:
        bundle: The model.
        data: Folder of packed songs.
        split: Whose songs are asked about.
        sizes: How much.
        seed: Of everything.
        index: The phrases of training, None to leave originality out.
    """

    def __init__(
        self, bundle: Path, data: Path, *, split: str, sizes: Sizes, seed: int, index: PhraseIndex | None
    ) -> None:
        self._bundle = ModelBundle.open(bundle)
        self._songs = SongPool(data, split)
        self._seed, self._sizes, self._index = seed, sizes, index
        self.real = real_loops(self._songs, sizes.loops, seed=seed)

    def keys(self) -> list[str]:
        """Return the names of all items, in the order in which they are done."""
        kinds: tuple[tuple[str, int], ...] = (
            ("likelihood", self._sizes.windows),
            ("real", len(self.real)),
            ("takes", len(self.real)),
            ("stems", len(self.real)),
        )
        return [f"{kind}/{number}" for kind, count in kinds for number in range(count)]

    def run(self, key: str) -> tuple[list[Row], list[KeptLoop]]:
        """Do one item."""
        kind, number = key.split("/")
        item = int(number)
        does: dict[str, Callable[[int], Iterator[Row | KeptLoop]]] = {
            "likelihood": self._likelihood,
            "real": self._real,
            "takes": self._takes,
            "stems": self._stems,
        }
        found = list(does[kind](item))
        return [r for r in found if isinstance(r, Row)], [r for r in found if isinstance(r, KeptLoop)]

    def _model(self) -> LoopModel:
        # One thread, and nothing remembered from the item before: the last bits must not depend on the order of items.
        return OnnxLoopModel(self._bundle, settings=RuntimeSettings(threads=1))

    def _rng(self, item: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, item))

    def _likelihood(self, item: int) -> Iterator[Row]:
        rows = window_of(self._songs, np.random.default_rng((self._seed, 1, item)))
        labels = labels_of(rows).astype(np.int64)
        nats = self._model().score(rows[None], labels[None])[0].sum(axis=0, dtype=np.float64)
        notes = float((labels[:, Field.KIND] == Kind.NOTE).sum())
        yield Row("model", item, "nats", float(nats.sum()), notes)
        for field in Field:
            yield Row("model", item, f"nats of {field.name.lower()}", float(nats[field]), notes)

    def _real(self, item: int) -> Iterator[Row | KeptLoop]:
        sheet, rng, model = self.real[item].sheet, self._rng(item), self._model()
        late = seam_surprise(model, begun_late(sheet))
        if late is not None:
            yield Row("a beat late", item, BAR_LINES, late.over_all)
        floors = {"shuffled": shuffled_bars(sheet, rng), "random": randomised(sheet, rng)}
        for source, of in {"real": sheet, **floors}.items():
            yield from self._of_loop(model, source, item, of)
            yield Row(source, item, "found as a loop", float(is_found_as_loop(sheet, of)))
            yield KeptLoop(source, item, of.to_loop())

    def _takes(self, item: int) -> Iterator[Row | KeptLoop]:
        real = self.real[item]
        for source, share in (("partly", 0.35), ("fully", 1.0)):
            request = request_like(real, share=share, takes=self._sizes.takes, seed=self._seed + item)
            model = self._model()
            takes, finished = _written(model, request)
            yield from _speed(source, item, request, finished)
            yield Row(source, item, "valid", float(np.mean([is_valid(request, take) for take in takes])))
            for take in takes:
                yield from _obedience(source, item, take)
            sheets = [Sheet.from_loop(take.loop) for take in takes]
            for difference in difference_of_takes(sheets):
                yield Row(source, item, "difference between takes", difference)
            yield Row(source, item, "bars that were full", float(np.mean([take.forced_ends for take in takes])))
            yield from self._of_loop(model, source, item, sheets[0])
            yield Row(source, item, "found as a loop", float(is_found_as_loop(sheets[0], sheets[0])))
            yield KeptLoop(source, item, takes[0].loop)

    def _stems(self, item: int) -> Iterator[Row]:
        real = self.real[item]
        part = answered_part(real.sheet)
        if part is None:
            return
        model = self._model()
        takes, _ = _written(model, request_for_part(real, part, takes=1, seed=self._seed + item))
        context = only_parts(real.sheet, tuple(p for p in range(len(real.sheet.roles)) if p != part))
        other = self._foreign_part(item, real.sheet, part)
        answers = {
            "real": only_parts(real.sheet, (part,)),
            "takes": only_parts(Sheet.from_loop(takes[0].loop), (part,)),
        }
        if other is not None:
            answers["another song's"] = other
        for source, answer in answers.items():
            overlap, aligned = pitch_class_overlap(answer, context), onset_alignment(answer, context)
            if overlap is not None:
                yield Row(source, item, "stems: pitch classes shared", overlap)
            if aligned is not None:
                yield Row(source, item, "stems: onsets together", aligned)
            nats, notes = _part_nats(model, real.sheet, part, answer)
            if notes:
                yield Row(source, item, "stems: nats", nats, notes)

    def _foreign_part(self, item: int, sheet: Sheet, part: int) -> Sheet | None:
        """Return the part that the next loop of the same meter and role has, cut or repeated to as many bars."""
        for offset in range(1, len(self.real)):
            other = self.real[(item + offset) % len(self.real)].sheet
            found = [p for p, role in enumerate(other.roles) if role is sheet.roles[part]]
            if found and other.meter == sheet.meter:
                return repeated(only_parts(other, (found[0],)), sheet.bars)
        return None

    def _of_loop(self, model: LoopModel, source: str, item: int, sheet: Sheet) -> Iterator[Row]:
        """Measure what can be said of any loop, real, damaged or written."""
        yield Row(source, item, "rings to the end", ringing_share(sheet))
        surprise = seam_surprise(model, sheet)
        if surprise is not None:
            yield Row(source, item, "seam ratio", surprise.ratio)
            yield Row(source, item, "nats at the seam", surprise.seam)
            yield Row(source, item, BAR_LINES, surprise.over_all)
        if self._index is not None:
            found = self._index.originality(sheet)
            yield Row(source, item, "like a song of training", found.similarity)
            yield Row(source, item, "longest shared run", float(found.longest_run))
            yield Row(source, item, "too like", float(found.is_flagged))


def is_valid(request: GenerationRequest, take: Take) -> bool:
    """Tell whether a take is what was asked wherever that is guaranteed: frame, parts, limits."""
    asked, got = request.canvas, take.loop
    frame = (asked.meter, asked.bars, asked.tempo_bpm) == (got.meter, got.bars, got.tempo_bpm)
    parts = [(t.role, t.program) for t in asked.tracks] == [(t.role, t.program) for t in got.tracks]
    hard = [report for report in take.reports if report.name in _LIMITS]
    return frame and parts and all(report.is_met for report in hard)


def repeated(sheet: Sheet, bars: int) -> Sheet:
    """Cut a loop to `bars` bars, or play it again until it fills them."""
    times = -(-bars // sheet.bars)
    notes = sheet.notes
    columns = [np.tile(column, times) for column in notes.columns()]
    columns[1] = columns[1] + np.repeat(np.arange(times) * sheet.bars, len(notes)).astype(np.int32)
    all_notes = type(notes)(*columns)
    kept = all_notes.take(all_notes.bar < bars)
    ordered = kept.take(np.lexsort((kept.pitch, kept.position, kept.bar, kept.track)))
    return replace(sheet, bars=bars, notes=ordered, chords=np.tile(sheet.chords, (times, 1))[:bars])


def _written(model: LoopModel, request: GenerationRequest) -> tuple[list[Take], Finished]:
    takes: dict[int, Take] = {}
    finished: Finished | None = None
    for event in Generator(model, rank=False).generate(request):
        if isinstance(event, TakeReady):
            takes[event.take.number] = event.take
        elif isinstance(event, Finished):
            finished = event
    assert finished is not None
    return [takes[number] for number in sorted(takes)], finished


def _speed(source: str, item: int, request: GenerationRequest, finished: Finished) -> Iterator[Row]:
    yield Row(source, item, "time: seconds a request", finished.seconds, request.takes)
    yield Row(source, item, "time: seconds to the first note", finished.first_note_seconds)
    yield Row(source, item, "time: notes a second", finished.notes / max(finished.seconds, 1e-9))


def _obedience(source: str, item: int, take: Take) -> Iterator[Row]:
    """Yield the bin got and the bin asked of every control that was asked for."""
    for report in take.reports:
        control = TRACK_CONTROLS.get(report.name)
        if control is None:  # of the whole loop: a share
            yield Row(source, item, f"share: {report.name}", report.got)
            continue
        role = take.loop.tracks[report.part].role
        yield Row(
            source,
            item,
            f"control: {report.name}",
            float(control.bin(report.got, role)),
            float(control.bin(report.asked, role)),
        )


def _part_nats(model: LoopModel, sheet: Sheet, part: int, answer: Sheet) -> tuple[float, float]:
    """Return nats and notes of an answer in the place of a part, the others given."""
    others = sheet.notes.take(sheet.notes.track != part)
    mine = replace(answer.notes, track=np.full(len(answer.notes), part, np.int32))
    columns = (np.concatenate(pair) for pair in zip(others.columns(), mine.columns(), strict=True))
    notes = type(others)(*columns)
    order = np.lexsort((notes.pitch, notes.position, notes.bar, notes.track))
    whole = replace(sheet, notes=notes.take(order), chords=np.zeros_like(sheet.chords), key=None)
    use = np.full((len(sheet.roles), sheet.bars), Use.CONTEXT, np.int8)
    use[part] = Use.TARGET
    ids = tuple(sorted(exact_loop_ids(sheet.meter, sheet.tempo_bpm, sheet.bars).values()))
    rows = training_rows(whole, Plan(use=use, slots=tuple(range(1, len(sheet.roles) + 1)), loop_ids=ids))
    labels = labels_of(rows).astype(np.int64)
    nats = float(model.score(rows[None], labels[None]).sum(dtype=np.float64))
    return nats, float((labels[:, Field.KIND] == Kind.NOTE).sum())
