"""The one interface to a model that answers rows with rows: `LoopModel`, and the one that ships.

The generator knows nothing of ONNX: it begins with prompts, feeds one row a take and step, and gets back
what was drawn. `OnnxLoopModel` does that on a model bundle; tests use one with uniform logits.

Takes are batch rows. Keys and values live in NumPy arrays [B, kv_heads, capacity, head_dim] that the step graph
reads and extends in place. A prompt is read in chunks at fixed places, on its own: its caches are then the same
to the bit whoever shares the batch and whatever part of it was still known from the prompt before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.errors import GenerationError
from engine.inference.bundle import ModelBundle, ModelShape
from engine.inference.sampling import Cuts
from engine.inference.tables import FloatArray, Sampled, SamplingTables, Tables
from engine.representation.vocabulary import ROW_WIDTH, SAMPLED_SIZE, Field, Rows
from engine.runtime import AnyArray, Binding, Provider, RuntimeSettings, Session

BUCKETS = (512, 1024, 2048, 4096)
PREFILL_ROWS = 128
SCORED_ROWS = 4096  # rows of one scoring run; more are cut into several


class DecodeState(Protocol):
    """What a model remembers of B running takes; belongs to the model that began it."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Rows read so far by each take, prompt included: int64 [B]."""
        ...


class LoopModel(Protocol):
    """A model of loops as rows, one note each."""

    def begin(self, prompts: Sequence[Rows], *, capacity: int) -> DecodeState:
        """Read the prompts and return the state in which each take goes on from its own.

        Args:
            prompts: One a take, int16 [T, ROW_WIDTH] each, T ≥ 1, of any length; equal ones are read once.
            capacity: Rows that the longest take may come to hold, its prompt included.
        """
        ...

    def step(
        self, state: DecodeState, rows: Rows, *, tables: Tables, sampling: SamplingTables, noise: FloatArray
    ) -> Sampled:
        """Feed one row a take and draw each take's answer to it.

        Args:
            state: From `begin`; grows by one row a take.
            rows: int16 [B, ROW_WIDTH]; a finished take is fed PAD rows and its answer ignored.
            tables: What is legal in the answers.
            sampling: How to draw them.
            noise: float32 [B, SAMPLED_SIZE] Gumbel noise of this row of each take.
        """
        ...

    def use_style(self, share: float) -> None:
        """Lean on the model's own style by this share, 0 to 1, from the next `begin` on; without one: nothing."""
        ...

    def score(self, rows: Rows, labels: npt.NDArray[np.int64]) -> FloatArray:
        """Return how unlikely given answers are, under no masks but those that a row itself implies.

        Those are the order of notes in a cell and that drums are drums; a model is trained under them.

        Args:
            rows: int16 [B, T, ROW_WIDTH], padded at the end with PAD rows.
            labels: int64 [B, T, 6], 0-based ids in `Field` order, -1 = not counted.

        Returns:
            float32 [B, T, 6], negative log-likelihood in nats, 0 where a label is -1.
        """
        ...


@dataclass(frozen=True, slots=True)
class Caches:
    """Keys and values of all layers, float32 [2 · layers, B, kv_heads, capacity, head_dim]."""

    values: FloatArray

    @classmethod
    def empty(cls, shape: ModelShape, *, batch: int, capacity: int) -> "Caches":
        """Return caches of nothing; memory is taken only as it is written."""
        return cls(np.zeros((2 * shape.layers, batch, shape.kv_heads, capacity, shape.head_dim), dtype=np.float32))

    @property
    def capacity(self) -> int:
        """Rows a take can hold."""
        return self.values.shape[3]

    def take(self, index: int) -> "Caches":
        """Return one take's caches, sharing memory."""
        return Caches(self.values[:, index : index + 1])

    def copy_from(self, other: "Caches", rows: int) -> None:
        """Copy another take's first rows."""
        self.values[:, :, :, :rows] = other.values[:, :, :, :rows]

    def bind(self, binding: Binding) -> None:
        """Let a step graph read and extend these caches in place."""
        for index in range(len(self.values)):
            array: FloatArray = self.values[index]
            name = f"{('key', 'value')[index % 2]}_{index // 2}"
            binding.input(f"past_{name}", array)
            binding.output(f"present_{name}", array)


class _Frame:
    """The arrays of one step, tied to the graph: T rows of each of B takes.

    Everything but the rows and the tables of this very step stays where it is between steps.
    """

    def __init__(self, session: Session, caches: Caches, *, rows: int, style: FloatArray | None = None) -> None:
        batch = caches.values.shape[1]
        self._binding = session.binding()
        self._rows = self._input("rows", np.zeros((batch, rows, ROW_WIDTH), dtype=np.int16))
        self._lengths = self._input("lengths", np.zeros((batch,), dtype=np.int32))
        self._total = self._input("total", np.zeros(1, dtype=np.int32))
        self._noise = self._input("noise", np.zeros((batch, SAMPLED_SIZE), dtype=np.float32))
        self._sampled = self._output("sampled", np.zeros((batch, len(Field)), dtype=np.int64))
        self._log_prob = self._output("log_prob", np.zeros((batch, len(Field)), dtype=np.float32))
        self.logits = self._output("logits", np.zeros((batch, SAMPLED_SIZE), dtype=np.float32))
        self._tables: dict[str, AnyArray] = {}
        self._sampling: SamplingTables | None = None
        caches.bind(self._binding)
        if style is not None:
            self._input("style", style)

    def _input(self, name: str, array: AnyArray) -> AnyArray:
        self._binding.input(name, array)
        return array

    def _output(self, name: str, array: AnyArray) -> AnyArray:
        self._binding.output(name, array)
        return array

    def _put(self, name: str, array: AnyArray) -> None:
        bound = self._tables.get(name)
        if bound is None or bound.shape != array.shape:
            self._tables[name] = self._input(name, np.array(array, order="C"))
        else:
            np.copyto(bound, array)

    def set_tables(self, tables: Tables, sampling: SamplingTables, noise: FloatArray) -> None:
        """Take over what the next draw needs."""
        for name in ("kind", "position", "limit", "duration", "velocity", "micro"):
            self._put(name, getattr(tables, name))
        self._put("drums", tables.drums[:, None])
        if sampling is not self._sampling:
            cuts = Cuts.of(sampling)
            self._put("temperature", sampling.temperature)
            for name in ("log_min_p", "top_p", "top_k"):
                self._put(name, getattr(cuts, name))
            self._sampling = sampling
        np.copyto(self._noise, noise)

    def run(self, rows: Rows, lengths: npt.NDArray[np.int64]) -> Sampled:
        """Read rows [B, T, ROW_WIDTH], after which takes hold `lengths` rows, and draw."""
        np.copyto(self._rows, rows)
        np.copyto(self._lengths, lengths - 1, casting="same_kind")
        self._total[0] = lengths.max()
        self._binding.run()
        return Sampled(ids=self._sampled.copy(), log_prob=self._log_prob.copy())


class OnnxDecodeState:
    """Running takes of an `OnnxLoopModel`."""

    def __init__(self, caches: Caches, lengths: npt.NDArray[np.int64], frame: _Frame) -> None:
        self.caches = caches
        self.frame = frame
        self._lengths = lengths

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Rows read so far by each take, prompt included: int64 [B]."""
        return self._lengths


@dataclass(frozen=True, slots=True)
class _Known:
    """A prompt and its caches, kept for the next one that begins alike."""

    rows: Rows
    caches: Caches

    def shared_rows(self, prompt: Rows) -> int:
        """Return how many rows of a prompt need not be read again: all, or whole chunks."""
        if np.array_equal(self.rows, prompt):
            return len(prompt)
        length = min(len(self.rows), len(prompt))
        differs = (self.rows[:length] != prompt[:length]).any(axis=1)
        same = int(differs.argmax()) if differs.any() else length
        return min(same, len(prompt) - 1) // PREFILL_ROWS * PREFILL_ROWS


class OnnxLoopModel:
    """A model bundle at work.

    Args:
        bundle: What to run.
        settings: Threads and spinning.
        provider: Where to run.
        with_logits: Whether each step also returns its raw logits.

    Threads: one at a time; a state belongs to the model that began it.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        *,
        settings: RuntimeSettings | None = None,
        provider: Provider = Provider.CPU,
        with_logits: bool = False,
    ) -> None:
        self.bundle = bundle
        self._settings = settings or RuntimeSettings()
        self._step = Session(bundle.file("step.onnx"), provider=provider, settings=self._settings)
        self._score: Session | None = None
        self.with_logits = with_logits
        self._known: _Known | None = None
        self._style: FloatArray | None = np.ones(1, dtype=np.float32) if bundle.info.style else None

    def use_style(self, share: float) -> None:
        """See `LoopModel.use_style`."""
        if self._style is not None and self._style[0] != np.float32(share):
            # A new array: takes that still run keep the share they began with.
            self._style = np.array([share], dtype=np.float32)
            self._known = None

    @property
    def provider(self) -> Provider:
        """Where it really runs."""
        return self._step.provider

    @property
    def threads(self) -> int:
        """Threads of one step."""
        return self._step.threads

    def begin(self, prompts: Sequence[Rows], *, capacity: int) -> OnnxDecodeState:
        """See `LoopModel.begin`.

        Raises:
            GenerationError: more rows are asked for than any model can hold.
        """
        lengths = np.array([len(prompt) for prompt in prompts], dtype=np.int64)
        if not len(lengths) or lengths.min() < 1 or lengths.max() > capacity:
            raise ValueError("each take has a prompt of one row or more, and room for it")
        bucket = next((size for size in BUCKETS if size >= capacity), None)
        if bucket is None:
            raise GenerationError(
                f"This loop would take {capacity} notes of context and music; {BUCKETS[-1]} is the most.",
                "Ask for fewer bars, or give fewer tracks as context.",
            )
        caches = Caches.empty(self.bundle.shape, batch=len(prompts), capacity=bucket)
        read: dict[bytes, int] = {}
        for index, prompt in enumerate(prompts):
            first = read.setdefault(prompt.tobytes(), index)
            if first != index:
                caches.take(index).copy_from(caches.take(first), len(prompt))
            else:
                self._read(caches.take(index), np.asarray(prompt, dtype=np.int16))
        return OnnxDecodeState(caches, lengths, _Frame(self._step, caches, rows=1, style=self._style))

    def warm(self, prompt: Rows) -> None:
        """Read a prompt that is likely to be begun with soon; whatever it shares with the last one is reused."""
        self.begin([prompt], capacity=len(prompt))

    def _read(self, caches: Caches, prompt: Rows) -> None:
        start = 0
        if self._known is not None and (start := self._known.shared_rows(prompt)):
            caches.copy_from(self._known.caches, start)
        free, drawing = Tables.unconstrained(1, positions=1), SamplingTables.constant(1)
        frame: _Frame | None = None
        while start < len(prompt):
            rows = prompt[start : start + PREFILL_ROWS]
            if frame is None or len(rows) < PREFILL_ROWS:
                frame = _Frame(self._step, caches, rows=len(rows), style=self._style)
                frame.set_tables(free, drawing, np.zeros((1, SAMPLED_SIZE), dtype=np.float32))
            start += len(rows)
            frame.run(rows[None], np.array([start]))
        kept = Caches.empty(self.bundle.shape, batch=1, capacity=len(prompt))
        kept.copy_from(caches, len(prompt))
        self._known = _Known(prompt.copy(), kept)

    def step(
        self, state: DecodeState, rows: Rows, *, tables: Tables, sampling: SamplingTables, noise: FloatArray
    ) -> Sampled:
        """See `LoopModel.step`."""
        if not isinstance(state, OnnxDecodeState):
            raise TypeError("this state belongs to another model")
        if state.lengths.max() >= state.caches.capacity:
            raise ValueError(f"a take is longer than the {state.caches.capacity} rows made room for")
        np.add(state.lengths, 1, out=state.lengths)
        state.frame.set_tables(tables, sampling, noise)
        sampled = state.frame.run(rows[:, None], state.lengths)
        if self.with_logits:
            return Sampled(sampled.ids, sampled.log_prob, state.frame.logits.copy())
        return sampled

    def score(self, rows: Rows, labels: npt.NDArray[np.int64]) -> FloatArray:
        """See `LoopModel.score`."""
        if self._score is None:
            self._score = Session(self.bundle.file("score.onnx"), settings=self._settings)
        at_once = max(1, SCORED_ROWS // rows.shape[1])
        parts: list[FloatArray] = []
        for start in range(0, len(rows), at_once):
            part = slice(start, start + at_once)
            inputs: dict[str, AnyArray] = {
                "rows": rows[part].astype(np.int16),
                "labels": labels[part].astype(np.int64),
            }
            if self._style is not None:
                inputs["style"] = self._style
            parts += self._score.run(["nll"], inputs)
        return np.concatenate(parts)
