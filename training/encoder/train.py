"""Trains a bar encoder.

    python -m training.encoder.train --data PACKED --out runs/encoder --mode augmented [--steps 600] [--seed 1]

A run that was stopped goes on from its last checkpoint. What step s sees is a function of the seed and s alone.
"""

import argparse
import json
import logging
import math
import os
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.dataset import SongPool
from training.encoder.bars import BarBatch, augmented_view, draw_batch, drawn_masks
from training.encoder.losses import WEIGHT, Mode, apart_pairs, contrast_loss, masked_loss
from training.encoder.network import BarNetwork, EncoderShape, pooled

logger = logging.getLogger(__name__)

CHECKPOINT, LOG = "last.ckpt", "log.jsonl"
DROPOUT = 0.1  # where views differ by nothing else
_SAVE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """A run.

    Attributes:
        mode: What is learned beside hidden fields.
        steps: Batches.
        seed: Of weights and batches.
        songs, bars_a_song: Of a batch.
        learning_rate: Its highest; it rises over the first twentieth and falls to nothing as a cosine.
        threads: Of torch.
        weight: Of the contrast beside the hidden fields.
        shape: Of the network.
    """

    mode: Mode = Mode.AUGMENTED
    steps: int = 600
    seed: int = 1
    songs: int = 8
    bars_a_song: int = 8
    learning_rate: float = 2e-3
    threads: int = 1
    weight: float = WEIGHT
    shape: EncoderShape = field(default_factory=EncoderShape)


def train_encoder(songs: SongPool, config: EncoderConfig, out: Path) -> BarNetwork:
    """Train, or go on training, and return the network, ready to be asked.

    Args:
        songs: The train split.
        config: The run; `out` remembers it, and another one there starts anew.
        out: Folder of checkpoint and log; made if need be.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    out.mkdir(parents=True, exist_ok=True)
    network = BarNetwork(config.shape, dropout=DROPOUT if config.mode in (Mode.DROPOUT, Mode.APART) else 0.0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    start = _resumed(out / CHECKPOINT, config, network, optimiser)
    network.train()
    saved = time.monotonic()
    for step in range(start, config.steps):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _rate(step / config.steps)
        rng = np.random.default_rng((config.seed, step))
        batch = draw_batch(songs, rng, song_count=config.songs, bars_a_song=config.bars_a_song)
        torch.manual_seed(config.seed * 1_000_003 + step)
        masked, contrast = losses(network, batch, config.mode, rng)
        optimiser.zero_grad()
        (masked + config.weight * contrast).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if step % 20 == 0 or step + 1 == config.steps:
            _log(out / LOG, step, masked, contrast)
        if time.monotonic() - saved > _SAVE_SECONDS or step + 1 == config.steps:
            _save(out / CHECKPOINT, config, network, optimiser, step + 1)
            saved = time.monotonic()
    return network.eval()


def losses(network: BarNetwork, batch: BarBatch, mode: Mode, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return the loss of hidden fields and the contrast, 0 where the mode has none."""
    hidden = drawn_masks(batch.tokens, rng)
    tokens, mask = torch.from_numpy(batch.tokens), torch.from_numpy(hidden)
    layers, is_row = network.layer_rows(tokens, mask)
    asked = mask.any(-1)
    masked = masked_loss(network.predictions(layers[-1][asked]), tokens[asked].long(), mask[asked])
    if mode is Mode.MLM:
        return masked, masked.new_zeros(())
    seen = {Mode.AUGMENTED: lambda: augmented_view(batch.tokens, rng), Mode.NEIGHBOUR: lambda: batch.neighbours}
    view = network(torch.from_numpy(seen.get(mode, lambda: batch.tokens)()))
    allowed = apart_pairs(torch.from_numpy(batch.song), tokens) if mode is Mode.APART else None
    return masked, contrast_loss(pooled(layers[-1], is_row), view, allowed)


def load_encoder(path: Path) -> BarNetwork:
    """Return a trained network from its checkpoint."""
    state = torch.load(path, weights_only=True)
    network = BarNetwork(EncoderShape(**json.loads(state["config"])["shape"]))
    network.load_state_dict(state["network"])
    return network.eval()


def _rate(progress: float) -> float:
    return min(1.0, progress * 20 + 1e-3) * 0.5 * (1 + math.cos(math.pi * progress))


def _resumed(path: Path, config: EncoderConfig, network: BarNetwork, optimiser: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if state["config"] != _config_text(config):
        logger.warning("%s belongs to another run, which is started anew", path)
        return 0
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def _save(path: Path, config: EncoderConfig, network: BarNetwork, optimiser: torch.optim.Optimizer, step: int) -> None:
    state = {
        "config": _config_text(config),
        "step": step,
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    fresh = path.with_suffix(".part")
    torch.save(state, fresh)
    fresh.replace(path)


def _config_text(config: EncoderConfig) -> str:
    return json.dumps(asdict(config), sort_keys=True)


def _log(path: Path, step: int, masked: Tensor, contrast: Tensor) -> None:
    line = {"step": step, "masked": round(masked.item(), 4), "contrast": round(contrast.item(), 4)}
    line["cpu_seconds"] = round(time.process_time(), 1)
    logger.info("%s", line)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", type=Mode, default=Mode.AUGMENTED, choices=list(Mode))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    for size in fields(EncoderShape):
        parser.add_argument(f"--{size.name}", type=int, default=size.default)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    shape = EncoderShape(**{size.name: getattr(options, size.name) for size in fields(EncoderShape)})
    config = EncoderConfig(
        mode=options.mode, steps=options.steps, seed=options.seed, threads=options.threads, shape=shape
    )
    train_encoder(SongPool(options.data, "train"), config, options.out)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main()
