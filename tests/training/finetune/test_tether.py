"""The tether: a model is held to what its base says, and drift is measured from it."""

from dataclasses import replace

import pytest

from engine.inference.bundle import ModelBundle, recover_weights
from engine.inference.model import OnnxLoopModel
from tests.helpers.tiny_bundle import write_tiny_bundle

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from training.config import ModelConfig  # noqa: E402
from training.feed import TensorBatch, first_windows  # noqa: E402
from training.finetune.adapters import adapt  # noqa: E402
from training.finetune.config import Method  # noqa: E402
from training.finetune.rehearsal import LoopSource, base_loops  # noqa: E402
from training.finetune.tether import Tethered, drift, entropy, said_of  # noqa: E402
from training.model import LoopTransformer  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def batches(base: ModelBundle) -> list[TensorBatch]:
    loops = base_loops(OnnxLoopModel(base), 12, seed=1)
    return first_windows(LoopSource(loops, 192, 1), len(loops), rows_per_batch=768)


@pytest.fixture
def network(base: ModelBundle) -> LoopTransformer:
    shape = base.shape
    names = ("d_model", "layers", "heads", "kv_heads", "head_dim", "ffn", "head_hidden", "rope_theta", "norm_eps")
    model = LoopTransformer(ModelConfig(**{name: getattr(shape, name) for name in names}))
    model.load_weights(recover_weights(base))
    torch.manual_seed(3)
    adapt(model, Method.LORA, rank=4)
    return model


def _trained(model: LoopTransformer, batches: list[TensorBatch], *, weight: float) -> float:
    """Take steps towards one batch that the base did not write, and return the drift elsewhere."""
    said = said_of(model, batches)
    tethered = Tethered(model, said[1:], weight).train()
    strange = replace(batches[0], labels=torch.where(batches[0].labels >= 0, 0, -1).to(torch.int16))
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.02)
    for _ in range(12):
        tethered(strange.rows, strange.labels).objective(0.0).backward()
        optimiser.step()
        optimiser.zero_grad()
    return drift(model, said[:1], device=CPU)


def test_the_base_itself_has_not_drifted(network: LoopTransformer, batches: list[TensorBatch]) -> None:
    said = said_of(network, batches)
    assert drift(network, said, device=CPU) == pytest.approx(0, abs=1e-6)
    assert entropy(said) > 1


def test_a_tethered_network_drifts_less(
    base: ModelBundle, network: LoopTransformer, batches: list[TensorBatch]
) -> None:
    begun = {name: p.detach().clone() for name, p in network.named_parameters()}
    free = _trained(network, batches, weight=0.0)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(begun[name])
    held = _trained(network, batches, weight=10.0)
    assert 0 < held < 0.5 * free


def test_outside_training_there_is_no_pull(network: LoopTransformer, batches: list[TensorBatch]) -> None:
    tethered = Tethered(network, said_of(network, batches), 3.0)
    batch = batches[0]
    assert float(tethered.eval()(batch.rows, batch.labels).pull) == 0.0
    assert tethered.train()(batch.rows, batch.labels).pull.requires_grad


def test_drift_is_never_negative(network: LoopTransformer, batches: list[TensorBatch]) -> None:
    said = said_of(network, batches)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))
    assert drift(network, said, device=CPU) > 0
