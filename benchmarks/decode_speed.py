"""How fast rows come out of the shipped graphs, beside others' ways of running a decoder of the same size.

Weights are random: speed does not depend on them. Each size runs in a fresh process, so that its resident memory is
its own; peers run in one process after it, with the same threads. A peer writes flat tokens, of which a note takes
`TOKENS_A_NOTE`; a row is a whole note. The generator's own work (masks, ranking) is measured by `turnaround bench`.

On a machine that does other things too, the processor times (`cpu`) compare better than the clock.

    python -m benchmarks.decode_speed --sizes small base --bits 8 --threads 2 --seeds 50 --peers
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from engine.inference.bundle import (
    CARD,
    SCORE_GRAPH,
    STEP_GRAPH,
    WEIGHTS_FILE,
    BundleInfo,
    ModelBundle,
    ModelShape,
    write_bundle,
)
from engine.inference.model import OnnxLoopModel
from engine.inference.sampling import GumbelNoise
from engine.inference.tables import SamplingTables, Tables
from engine.representation.vocabulary import COLUMN_SIZES, Column, Rows
from engine.runtime import RuntimeSettings
from training.config import TrainConfig
from training.graph import weight_shapes
from training.graph_heads import build_graphs

NOTES = 200
POSITIONS = 96  # a bar of 4/4
TOKENS_A_NOTE = 3.3  # of a REMI-like stream on the same windows
PEER_TOKENS = 48
CONFIGS = Path(__file__).resolve().parent.parent / "training" / "configs"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured."""

    size: str
    bits: int
    threads: int
    seeds: int


def shape_of(size: str) -> ModelShape:
    """Return the sizes of one of training's configurations."""
    model = TrainConfig.load(CONFIGS / f"{size}.toml").model
    return ModelShape(**{field.name: getattr(model, field.name) for field in fields(ModelShape)})


def parameters(shape: ModelShape) -> int:
    """Return the number of weights."""
    return sum(int(np.prod(dims)) for dims in weight_shapes(shape).values())


def random_bundle(folder: Path, setting: Setting) -> ModelBundle:
    """Write a bundle of random weights."""
    shape = shape_of(setting.size)
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(0, dims[0] ** -0.5, dims).astype(np.float32) if len(dims) > 1 else np.ones(dims, np.float32)
        for name, dims in weight_shapes(shape).items()
    }
    graphs = build_graphs(weights, shape, bits=setting.bits)
    info = BundleInfo(setting.size, shape, setting.bits, "MIT", provenance={}, metrics={})
    files = {STEP_GRAPH: graphs.step, SCORE_GRAPH: graphs.score, WEIGHTS_FILE: graphs.data, CARD: b""}
    return write_bundle(folder, info, files=files, tensors=graphs.tensors)


def random_rows(rng: np.random.Generator, *shape: int) -> Rows:
    """Return rows of any ids."""
    return np.stack([rng.integers(0, COLUMN_SIZES[column], shape) for column in Column], axis=-1).astype(np.int16)


def median_ms(seconds: list[float]) -> float:
    """Return the median in milliseconds."""
    return statistics.median(seconds) * 1e3


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu_timed(work: Callable[[], Any]) -> float:
    """Return the processor seconds that a piece of work takes, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def decode(model: OnnxLoopModel, prompt: Rows, *, batch: int, notes: int, seed: int) -> None:
    """Write notes in each of some takes of one prompt."""
    tables = Tables.unconstrained(batch, positions=POSITIONS)
    sampling = SamplingTables.constant(batch, temperature=0.9, min_p=0.02, top_p=0.98)
    noises = [GumbelNoise(seed, take) for take in range(batch)]
    rows = random_rows(np.random.default_rng(seed), batch)
    noise = np.empty((batch, noises[0].row(0).shape[0]), np.float32)
    state = model.begin([prompt] * batch, capacity=len(prompt) + notes)
    for index in range(notes):
        for take in range(batch):
            noise[take] = noises[take].row(index)
        model.step(state, rows, tables=tables, sampling=sampling, noise=noise)


def first_row_ms(model: OnnxLoopModel, length: int, repeats: int, *, warm: bool) -> float:
    """Return the median time from a prompt to the first drawn row; warm: it was read before."""
    seconds: list[float] = []
    rng = np.random.default_rng(1)
    for repeat in range(repeats):
        prompt = random_rows(rng, length)
        if warm:
            model.warm(prompt)
        seconds.append(timed(lambda prompt=prompt, repeat=repeat: decode(model, prompt, batch=1, notes=1, seed=repeat)))
    return median_ms(seconds)


def resident_mb() -> float:
    """Return this process's peak resident memory in MB; 0 where the platform does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def measure(setting: Setting) -> dict[str, float | str]:
    """Measure one size; meant for a process of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch) / setting.size
        with multiprocessing.get_context("spawn").Pool(1) as elsewhere:  # building costs memory that running does not
            elsewhere.apply(random_bundle, (folder, setting))
        start = time.perf_counter()
        model = OnnxLoopModel(ModelBundle.open(folder), settings=RuntimeSettings(threads=setting.threads))
        load_ms = (time.perf_counter() - start) * 1e3
        megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        prompt = random_rows(np.random.default_rng(0), 64)
        decode(model, prompt, batch=1, notes=8, seed=0)
        single = [timed(lambda s=s: decode(model, prompt, batch=1, notes=NOTES, seed=s)) for s in range(setting.seeds)]
        many = [timed(lambda s=s: decode(model, prompt, batch=16, notes=NOTES, seed=s)) for s in range(3)]
        cpu = min(cpu_timed(lambda: decode(model, prompt, batch=1, notes=NOTES, seed=0)) for _ in range(3))
        repeats = max(3, min(15, setting.seeds))
        return {
            "size": setting.size,
            "bits": setting.bits,
            "threads": setting.threads,
            "million_weights": parameters(shape_of(setting.size)) / 1e6,
            "bundle_mb": megabytes,
            "load_ms": load_ms,
            "first_row_64_ms": first_row_ms(model, 64, repeats, warm=False),
            "first_row_300_cold_ms": first_row_ms(model, 300, repeats, warm=False),
            "first_row_300_warm_ms": first_row_ms(model, 300, repeats, warm=True),
            "loop_200_p50_ms": median_ms(single),
            "loop_200_best_ms": min(single) * 1e3,
            "loop_200_cpu_ms": cpu * 1e3,
            "notes_per_second": NOTES / statistics.median(single),
            "takes16_ms": median_ms(many),
            "takes16_notes_per_second": 16 * NOTES / statistics.median(many),
            "resident_mb": resident_mb(),
            "floor_ms_per_note": floor_ms(shape_of(setting.size), setting.bits),
        }


def floor_ms(shape: ModelShape, bits: int) -> float:
    """Return how long reading all matrices once takes on one thread: what no decoder of one take can beat there."""
    size = parameters(shape) * bits // 8 // 8
    words = np.arange(size, dtype=np.int64)
    return min(timed(words.sum) for _ in range(15)) * 1e3


def torch_without_cache(shape: ModelShape, threads: int) -> float:
    """Return notes a second of our own network in torch that reads everything again for each note."""
    import torch

    from training.config import ModelConfig
    from training.model import LoopTransformer

    torch.set_num_threads(threads)
    network = LoopTransformer(ModelConfig(**{field.name: getattr(shape, field.name) for field in fields(ModelShape)}))
    network.eval()
    rng = np.random.default_rng(0)
    labels = np.zeros((1, 64 + NOTES, 6), np.int64)
    seconds: list[float] = []
    with torch.no_grad():
        for length in range(64, 64 + NOTES, 20):  # evenly spread over the loop
            rows, answers = torch.from_numpy(random_rows(rng, 1, length)), torch.from_numpy(labels[:, :length])
            seconds.append(
                min(timed(lambda rows=rows, answers=answers: network.logits(rows, answers)) for _ in range(2))
            )
    return 1 / statistics.mean(seconds)


def hugging_face_generate(shape: ModelShape, threads: int) -> tuple[float, float]:
    """Return tokens a second and a processor second of Hugging Face's `generate` on a decoder of the same sizes."""
    import torch
    from transformers import MistralConfig, MistralForCausalLM  # pyright: ignore[reportMissingImports]  # only --peers

    torch.set_num_threads(threads)
    config = MistralConfig(
        vocab_size=600,
        hidden_size=shape.d_model,
        intermediate_size=shape.ffn,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        bos_token_id=1,
        eos_token_id=None,
        pad_token_id=0,
    )
    network = MistralForCausalLM(config).eval()
    prompt = torch.randint(2, 600, (1, 64))
    asked = {"do_sample": True, "min_p": 0.02, "max_new_tokens": PEER_TOKENS, "min_new_tokens": PEER_TOKENS}
    with torch.no_grad():
        network.generate(prompt, **{**asked, "max_new_tokens": 4, "min_new_tokens": 4})
        seconds = [timed(lambda: network.generate(prompt, **asked)) for _ in range(5)]
        cpu = min(cpu_timed(lambda: network.generate(prompt, **asked)) for _ in range(3))
    return PEER_TOKENS / statistics.median(seconds), PEER_TOKENS / cpu


def peers(setting: Setting) -> dict[str, float | str]:
    """Measure what others' ways give at the same sizes and threads."""
    shape = shape_of(setting.size)
    found: dict[str, float | str] = {"size": setting.size}
    found["torch_without_cache_notes_per_second"] = torch_without_cache(shape, setting.threads)
    try:
        tokens, tokens_per_cpu_second = hugging_face_generate(shape, setting.threads)
    except ImportError:
        return found | {"hugging_face": "transformers is not installed"}
    found["hugging_face_tokens_per_second"] = tokens
    found["hugging_face_notes_per_second"] = tokens / TOKENS_A_NOTE
    found["hugging_face_cpu_ms_per_200_notes"] = NOTES * TOKENS_A_NOTE / tokens_per_cpu_second * 1e3
    return found


def main() -> None:
    """Print one JSON object a size, and one for its peers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["small", "base"])
    parser.add_argument("--bits", nargs="+", type=int, default=[8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--peers", action="store_true", help="torch without cache, and Hugging Face if installed")
    asked = parser.parse_args()
    # Not daemonic, unlike a pool's workers: the measuring process starts one of its own.
    from concurrent.futures import ProcessPoolExecutor

    for size in asked.sizes:
        for bits in asked.bits:
            setting = Setting(size, bits, asked.threads, asked.seeds)
            jobs = [measure, *([peers] if asked.peers and bits == asked.bits[-1] else [])]
            for job in jobs:
                with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
                    result = fresh.submit(job, setting).result()
                print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in result.items()}))


if __name__ == "__main__":
    main()
