"""Looks on while a style is learned: both curves, when to stop, loops to hear, and what is told to the window."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from engine.errors import EngineError
from engine.inference.bundle import ModelBundle
from engine.inference.generator import Generator
from engine.inference.model import OnnxLoopModel
from engine.messages import GenerationRequest, PartRequest, PartUse, TakeReady
from engine.midi import smf
from engine.music.general_midi import DEFAULT_PROGRAMS, Role
from engine.music.loop import Loop, Track
from engine.music.timing import Meter
from training.finetune.config import FinetuneConfig, Method
from training.finetune.curves import Curve, Point
from training.finetune.events import Say
from training.finetune.folder import FolderReport
from training.finetune.publish import write_sketch
from training.finetune.tether import Said, drift, entropy
from training.model import LoopTransformer, LossModel
from training.records import Score
from training.train import Progress

logger = logging.getLogger(__name__)

CURVE_FILE, SAMPLES = "curve.csv", "samples"
_SAMPLED_PARTS, _SAMPLED_BARS = 4, 4
_STEADY = 0.8  # how much of the measured speed is remembered from step to step


@dataclass(slots=True)
class Onlooker:
    """A `training.train.Watch`.

    Attributes:
        config: The fine-tuning.
        work: Its folder.
        base: The model that it began as.
        model: The network, adapted.
        watched: What the base says of loops that it wrote.
        report: What is learned from.
        total_rows: Where it ends at the latest.
        say: Where events go.
        curve: The validations so far.
    """

    config: FinetuneConfig
    work: Path
    base: ModelBundle
    model: LoopTransformer
    watched: Sequence[Said]
    report: FolderReport
    total_rows: int
    say: Say
    curve: Curve = field(default_factory=Curve)
    _speed: float = 0.0
    _sampled: float = field(default_factory=time.monotonic)

    def logged(self, progress: Progress, score: Score, rows_per_second: float) -> None:
        """See `Watch.logged`."""
        self._speed = _STEADY * self._speed + (1 - _STEADY) * rows_per_second if self._speed else rows_per_second
        self.say(
            "step",
            step=progress.step,
            rows=progress.rows,
            total_rows=self.total_rows,
            seconds=round(progress.seconds, 1),
            seconds_left=round((self.total_rows - progress.rows) / max(self._speed, 1.0)),
            bits=round(score.bits_per_note, 4),
            rows_per_second=round(self._speed),
        )

    def validated(self, progress: Progress, score: Score, model: LossModel) -> bool:
        """See `Watch.validated`."""
        device = next(model.parameters()).device
        base = entropy(self.watched) + drift(self.model, self.watched, device=device) if self.watched else float("nan")
        self.curve = self.curve.with_point(Point(progress.step, score.bits_per_note, base))
        self.curve.write(self.work / CURVE_FILE)
        start = self.curve.start
        self.say(
            "valid",
            step=progress.step,
            own=round(score.bits_per_note, 4),
            base=round(base, 4) if base == base else None,
            own_start=round(start.own, 4),
            base_start=round(start.base, 4) if start.base == start.base else None,
        )
        minutes = self.config.course.sample_minutes
        if minutes and progress.step and time.monotonic() - self._sampled >= minutes * 60:
            self._sampled = time.monotonic()
            self._sample(progress.step)
        course = self.config.course
        return self.curve.is_far_enough(patience=course.patience, least_gain=course.least_gain)

    def _sample(self, step: int) -> None:
        """Write a loop with what was learned so far; that it fails must not end the training."""
        try:
            path = self.work / SAMPLES / f"step-{step:06d}.mid"
            path.parent.mkdir(exist_ok=True)
            method = Method(self.config.style.method)
            bundle = write_sketch(self.model, self.work / "sketch", base=self.base, method=method)
            smf.write(sampled_loop(OnnxLoopModel(bundle), self.report, seed=step), path, programs=True)
        except (EngineError, OSError) as error:
            logger.warning("no sample at step %d: %s", step, error)
            return
        self.say("sample", step=step, path=str(path))


def sampled_loop(model: OnnxLoopModel, report: FolderReport, *, seed: int) -> Loop:
    """Return a loop with the parts, the meter and the tempo that the files usually have."""
    roles = [Role(name) for name in list(report.parts)[:_SAMPLED_PARTS]] or [Role.DRUMS, Role.BASS, Role.KEYS]
    meter = Meter.parse(next(iter(report.meters), "4/4"))
    tempo = report.tempo_bpm[1] if report.tempo_bpm else 120.0
    tracks = tuple(Track(role, program=DEFAULT_PROGRAMS[role]) for role in roles)
    request = GenerationRequest(
        Loop(meter, round(tempo, 1), _SAMPLED_BARS, tracks),
        tuple(PartRequest(PartUse.REPLACE) for _ in roles),
        seed=seed,
        takes=1,
    )
    takes = [event.take for event in Generator(model, rank=False).generate(request) if isinstance(event, TakeReady)]
    return takes[0].loop


def precision_for(wanted: str, device: torch.device) -> str:
    """Return Lightning's name of the arithmetic to train in."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
    if device.type == "cpu":  # without the instructions it would be slower than float32, not faster
        flags = torch.cpu.get_capabilities()
        return "bf16-mixed" if flags.get("avx512_bf16") or flags.get("amx_bf16") or flags.get("amx_tile") else "32-true"
    return "32-true"
