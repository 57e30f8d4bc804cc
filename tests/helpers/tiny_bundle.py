"""A tiny random model with the real vocabulary, as a bundle: what tests run instead of a trained one."""

from pathlib import Path

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
from engine.inference.weights import Weights
from tests.helpers.random_weights import TINY, random_weights
from training.graph_heads import build_graphs


def write_tiny_bundle(
    folder: Path, *, bits: int = 8, seed: int = 0, shape: ModelShape = TINY, weights: Weights | None = None
) -> ModelBundle:
    """Write a bundle of random weights and return it, opened.

    Args:
        folder: Where it shall lie.
        bits: 32, 8 or 4.
        seed: Of the weights.
        shape: Sizes; tiny unless given.
        weights: Other weights than random ones.
    """
    graphs = build_graphs(weights or random_weights(shape, seed=seed), shape, bits=bits)
    info = BundleInfo(
        name=folder.name,
        shape=shape,
        bits=bits,
        licence="MIT",
        provenance={"data": "none: random weights"},
        metrics={},
    )
    files = {
        STEP_GRAPH: graphs.step,
        SCORE_GRAPH: graphs.score,
        WEIGHTS_FILE: graphs.data,
        CARD: b"# Random weights\n\nFor tests.\n",
    }
    return write_bundle(folder, info, files=files, tensors=graphs.tensors)
