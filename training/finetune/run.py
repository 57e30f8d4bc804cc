"""A fine-tuning from a folder of files to a bundle, in a work folder from which it goes on after any end.

The work folder holds `plan.json` (what this is, so that nothing else goes on in it), `report.json`, the packed songs,
the base's own loops, and what `training.train` keeps: checkpoints, curves, `best.ckpt`. A file called `pause` in it
ends a run at its next step. Each of these files appears whole or not at all; the bundle comes last. Whoever works in
the folder holds a lock on it, which the system takes back from a process that dies.
"""

import json
import logging
import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from engine.errors import CorpusError
from engine.inference.bundle import ModelBundle, recover_weights
from engine.inference.model import OnnxLoopModel
from engine.representation.vocabulary import Field
from engine.resources import model_folder
from training.checkpoints import BEST, CheckpointError, read_checkpoint
from training.config import DataConfig, ModelConfig, OptimiserConfig, RunConfig, TrainConfig
from training.corpus import song_group_of
from training.dataset import Window
from training.feed import Place, SongSource, TensorBatch, first_windows, training_batches
from training.finetune.adapters import adapt
from training.finetune.config import FinetuneConfig, Method
from training.finetune.curves import Curve, verdict_on
from training.finetune.events import EVENTS_FILE, EventLog, Say
from training.finetune.folder import VERDICTS, FolderReport, check_folder
from training.finetune.folder import Verdict as FolderVerdict
from training.finetune.onlooker import CURVE_FILE, Onlooker, precision_for
from training.finetune.publish import Origin, publish
from training.finetune.rehearsal import WATCHED_SHARE, LoopSource, base_loops, read_loops, write_loops
from training.finetune.tether import Said, Tethered, said_of
from training.memory import device_of, rows_that_fit
from training.model import LoopTransformer
from training.songs import PackedSong, write_shard
from training.train import PAUSE, train
from training.trained_model import averaged_weights, load_trained, open_base

logger = logging.getLogger(__name__)

PLAN, REPORT, LOOPS, SONGS, LOCK = "plan.json", "report.json", "base-loops.json", "songs", "lock"
PATIENCE_SECONDS = 120.0  # for a training to end whose window was closed or died
_COUNTED_BATCHES = 24  # from which the model that only counts is made
_ROWS_A_NOTE = 1.6  # prompt and cells included
_LEAST_ROWS = 200_000


class State(StrEnum):
    """How a call ended."""

    FINISHED = "finished"
    NOTHING = "nothing learned"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Result:
    """What a call of `finetune` ended with.

    Attributes:
        state: How.
        text: In words.
        bundle: The model, if there is one.
        curve: The validations.
    """

    state: State
    text: str
    bundle: ModelBundle | None
    curve: Curve


def finetune(
    folder: Path,
    out: Path,
    config: FinetuneConfig,
    *,
    work: Path,
    on_event: Callable[[dict[str, Any]], None] | None = None,
) -> Result:
    """Learn a folder's style on top of a model, and write the result; go on where the work folder stands.

    Args:
        folder: The files.
        out: Folder of the bundle.
        config: The settings.
        work: The work folder.
        on_event: Hears what `events` describes; it is in the work folder's file too.

    Raises:
        CorpusError: The files are too few, or the work folder is another fine-tuning's or in use.
        ModelBundleError: There is no such base, or the result cannot be written.
    """
    work.mkdir(parents=True, exist_ok=True)
    base = open_base(model_folder(config.course.base))
    say = EventLog(work / EVENTS_FILE, on_event)
    with _held(work, say):
        (work / PAUSE).unlink(missing_ok=True)
        _check_plan(work / PLAN, folder, config, base)
        report = _report(folder, work, config, say)
        run = _Run(config, work, base, report, say)
        return run.until_published(config.course.name or out.name, out)


@contextmanager
def _held(work: Path, say: Say) -> Generator[None]:
    """Keep a work folder to this process; one whose window is gone may still be ending there."""
    lock = FileLock(work / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("state", state="waiting", text="Waiting for the training before to end …")
        try:
            lock.acquire(timeout=PATIENCE_SECONDS)
        except Timeout as error:
            raise CorpusError(
                f"A training goes on in {work} already.", "Wait until it has ended, or pause it where it was started."
            ) from error
    try:
        yield
    finally:
        lock.release()


def _check_plan(path: Path, folder: Path, config: FinetuneConfig, base: ModelBundle) -> None:
    """Keep what a work folder is for, or refuse it for something else; how long a call may last can change."""
    fixed = {key: value for key, value in json.loads(config.to_json()).items() if key != "course"}
    plan = {"folder": str(folder.absolute()), "base": base.identity, "settings": fixed}
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != plan:
            raise CorpusError(
                f"Another training is kept in {path.parent}.", "Go on with that one, or name another folder for this."
            )
        return
    _write_json(path, plan)


def _report(folder: Path, work: Path, config: FinetuneConfig, say: Say) -> FolderReport:
    """Read the files, once, and pack what can be used."""
    path = work / REPORT
    if not path.exists():
        say("state", state="checking", text=f"Reading {folder.name} …")
        report, songs = check_folder(folder)
        if report.verdict is FolderVerdict.NOTHING:
            say("report", report=report.plain())
            raise CorpusError(VERDICTS[report.verdict], f"{folder.name}: {len(report.used)} files can be used.")
        train_songs, valid_songs = split_songs(songs, config.material.valid_share)
        (work / SONGS).mkdir(exist_ok=True)
        write_shard(work / SONGS / "train-000.songs", train_songs)
        write_shard(work / SONGS / "valid-000.songs", valid_songs)
        _write_json(path, report.plain())
    report = FolderReport.of_plain(json.loads(path.read_text(encoding="utf-8")))
    say("report", report=report.plain())
    return report


def split_songs(songs: list[PackedSong], valid_share: float) -> tuple[list[PackedSong], list[PackedSong]]:
    """Put about a share of the songs aside, evenly over the folder; versions of one song stay together."""
    groups = sorted({song_group_of(song.info.name) for song in songs})
    count = min(max(1, round(len(groups) * valid_share)), len(groups) - 1)
    kept = {groups[int((index + 0.5) * len(groups) / count)] for index in range(count)}
    split = {song.info.name: song_group_of(song.info.name) in kept for song in songs}
    train_songs = [_in_split(song, "train") for song in songs if not split[song.info.name]]
    valid_songs = [_in_split(song, "valid") for song in songs if split[song.info.name]]
    if not valid_songs or not train_songs:
        raise CorpusError("All files are versions of one song.", "Add files of other songs.")
    return train_songs, valid_songs


def _in_split(song: PackedSong, split: str) -> PackedSong:
    return replace(song, info=replace(song.info, split=split))


class _Run:
    """A fine-tuning whose files are packed."""

    def __init__(self, config: FinetuneConfig, work: Path, base: ModelBundle, report: FolderReport, say: Say) -> None:
        self.config, self.work, self.base, self.report, self.say = config, work, base, report, say
        self.loops = self._loops()
        self.model = LoopTransformer(_shape(base))
        self.model.load_weights(recover_weights(base))
        torch.manual_seed(config.course.seed)
        adapt(self.model, Method(config.style.method), rank=config.style.rank)
        self.settings = self._settings()
        self.own = SongSource.open(self.settings.data, split="train")
        self.valid = SongSource.open(self.settings.data, split="valid")
        watched = math.ceil(len(self.loops) * WATCHED_SHARE)
        self.watched = self._said(self.loops[:watched])
        self.tethered = Tethered(self.model, self._said(self.loops[watched:]), config.style.tether)

    def _said(self, loops: list[Window]) -> list[Said]:
        """Return what the base says of loops; nothing is learned yet."""
        material = self.config.material
        source = LoopSource(loops, material.max_rows, self.settings.data.valid_seed)
        return said_of(self.model, first_windows(source, len(loops), rows_per_batch=material.rehearsal_rows))

    def _loops(self) -> list[Window]:
        count = self.config.material.rehearsal_loops
        loops = read_loops(self.work / LOOPS) if count else []
        if loops is None:

            def written(done: int) -> None:
                text = f"The base writes loops, to tell later what it forgot: {min(done, count)} of {count} …"
                self.say("state", state="rehearsing", text=text)

            written(0)
            loops = base_loops(OnnxLoopModel(self.base), count, seed=self.config.material.seed, on_written=written)
            write_loops(self.work / LOOPS, loops)
            loops = read_loops(self.work / LOOPS)
            assert loops is not None
        return loops

    def _settings(self) -> TrainConfig:
        style, material, course = self.config.style, self.config.material, self.config.course
        shape = _shape(self.base)
        device = device_of(course.accelerator)
        rows = rows_that_fit(shape, device, wanted=material.rows_per_batch, least=material.max_rows)
        songs = max(1, round(len(self.report.used) * (1 - material.valid_share)))
        own_rows = self.report.notes * (1 - material.valid_share) * _ROWS_A_NOTE
        wanted = course.passes * own_rows
        is_lora = style.method == Method.LORA
        return TrainConfig(
            model=shape,
            data=DataConfig(
                directory=str(self.work / SONGS),
                max_rows=material.max_rows,
                rows_per_batch=material.rows_per_batch,
                loop_share=material.loop_share,
                windows_per_song=4,
                songs_per_chunk=min(max(songs, 16), 64),
                augment=material.augment,
                seed=material.seed,
                valid_windows=material.valid_windows,
            ),
            optimiser=OptimiserConfig(
                name="adamw",
                learning_rate=style.learning_rate * (1.0 if is_lora else 0.2),
                weight_decay=style.weight_decay,
                schedule="cosine",
                total_rows=round(min(course.max_rows, max(wanted, _LEAST_ROWS))),
                warmup_rows=style.warmup_rows,
                floor=style.floor,
                ema_rows=style.ema_rows,
            ),
            run=RunConfig(
                directory=str(self.work),
                accelerator=course.accelerator,
                devices="1",
                precision=precision_for(course.precision, device),
                compile=False,  # needs a compiler, and a minute
                threads=course.threads,
                nice=course.nice,
                tensorboard=False,
                seed=course.seed,
                max_minutes=course.max_minutes,
                max_cpu_seconds=course.max_cpu_seconds,
                checkpoint_minutes=course.checkpoint_minutes,
                valid_steps=course.valid_steps,
                log_steps=1,
                pieces=math.ceil(material.rows_per_batch / rows),
            ),
        )

    def until_published(self, name: str, out: Path) -> Result:
        """Train, and write the bundle once it has come far enough."""
        self.say("state", state="training", text="Training …")
        onlooker = Onlooker(
            self.config,
            self.work,
            self.base,
            self.model,
            self.watched,
            self.report,
            self.settings.optimiser.total_rows,
            self.say,
            curve=Curve.read(self.work / CURVE_FILE),
        )
        outcome = train(self.settings, source=self.own, valid_source=self.valid, model=self.tethered, watch=onlooker)
        curve = onlooker.curve
        if not outcome.is_finished:
            return self._ended(State.PAUSED, "Paused; started again, it goes on from here.", None, curve)
        self.say("state", state="judging", text="Judging what was learned …")
        verdict = verdict_on(curve, pattern=self._pattern())
        if not verdict.has_learned:
            return self._ended(State.NOTHING, verdict.text, None, curve)
        load_trained(self.tethered, averaged_weights(self._best()))
        origin = Origin(self.base, self.report, self.config, curve, verdict.text)
        bundle = publish(self.model, out, name=name, origin=origin, batches=self._valid_batches())
        return self._ended(State.FINISHED, verdict.text, bundle, curve)

    def _ended(self, state: State, text: str, bundle: ModelBundle | None, curve: Curve) -> Result:
        self.say("end", state=state.value, text=text, bundle=str(bundle.folder) if bundle else None)
        return Result(state, text, bundle, curve)

    def _best(self) -> dict[str, Any]:
        path = self.work / BEST
        if not path.exists():
            raise CheckpointError("The best weights of this training are gone.", f"{path} is missing. Start anew.")
        return read_checkpoint(path)

    def _valid_batches(self) -> list[TensorBatch]:
        return first_windows(
            self.valid, self.config.material.valid_windows, rows_per_batch=self.settings.data.rows_per_batch
        )

    def _pattern(self) -> float:
        """Return by which share the notes before a note help to foretell it in unseen files: 0 for noise.

        Counting models are compared (`training.baselines.markov`): with the notes before, and without, but for where
        in the bar the last one fell, which counts even in noise because a bar is written in order.
        """
        from training.baselines.markov import HISTORY, MarkovModel, decisions_of

        batches = training_batches(self.own, Place(), rows_per_batch=self.settings.data.rows_per_batch)
        model = MarkovModel.fit(decisions_of(batch for _, batch in islice(batches, _COUNTED_BATCHES)))
        scored = decisions_of(self._valid_batches())
        model.tune(scored)
        by_order = [model.nats(scored, highest=order) for order in range(HISTORY + 1)]
        fields = {Field.KIND: 1, Field.POSITION: 1, Field.PITCH: 0}
        without = sum(float(by_order[lowest][which]) for which, lowest in fields.items())
        knowing = sum(min(float(nats[which]) for nats in by_order[lowest:]) for which, lowest in fields.items())
        return 1 - knowing / max(without, 1e-9)


def _shape(base: ModelBundle) -> ModelConfig:
    shape = base.shape
    return ModelConfig(
        d_model=shape.d_model,
        layers=shape.layers,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        ffn=shape.ffn,
        head_hidden=shape.head_hidden,
        rope_theta=shape.rope_theta,
        norm_eps=shape.norm_eps,
    )


def _write_json(path: Path, plain: dict[str, Any]) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(plain, ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(path)
