"""ONNX Runtime sessions over memory that is ours; the only file that imports onnxruntime.

A `Session` is a graph on one provider. A `Binding` ties its inputs and outputs to NumPy arrays once; after that a
step only writes into the arrays and calls `run`, which allocates nothing and copies nothing. onnxruntime comes
with one of two extras (`cpu`, `gpu`), so it is imported when the first session is made, and its absence is said.

A session's threads may spin while they wait for each other inside a run, which makes steps up to 1.8 times faster,
but stop the moment the run ends: left alone they would burn a core for another 40 ms beside a producer's DAW.
"""

import contextlib
import importlib
import io
import logging
import os
import platform
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError, ModelBundleError

logger = logging.getLogger(__name__)

AnyArray = npt.NDArray[Any]


class Provider(Enum):
    """Where a model runs."""

    CPU = "CPUExecutionProvider"
    CUDA = "CUDAExecutionProvider"
    COREML = "CoreMLExecutionProvider"


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """How sessions run.

    Attributes:
        threads: Threads of one run; 0 = as many as `default_threads` thinks right.
        spinning: Whether threads may spin while they wait inside a run.
    """

    threads: int = 0
    spinning: bool = True


def default_threads() -> int:
    """Return the number of threads for a machine that also runs a DAW: half its logical processors, 1 … 4."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, processors if processors <= 2 else processors // 2))


def load_onnxruntime() -> ModuleType:
    """Return the onnxruntime module.

    Raises:
        EngineError: neither extra is installed.
    """
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise EngineError(
            "ONNX Runtime is not installed, so no model can run.",
            "Install Turnaround with one of its extras: turnaround[cpu], or turnaround[gpu] for NVIDIA cards.",
        ) from error


def build_text() -> str:
    """Return what, beside model, provider and threads, decides the last bits of a model's arithmetic."""
    return f"onnxruntime {load_onnxruntime().__version__}, {platform.machine()}"


def available_providers() -> tuple[Provider, ...]:
    """Return the providers that onnxruntime was built with; that one is listed does not mean that it loads.

    Raises:
        EngineError: onnxruntime is missing.
    """
    listed = set(load_onnxruntime().get_available_providers())
    return tuple(provider for provider in Provider if provider.value in listed)


def _preload_libraries(ort: ModuleType, provider: Provider) -> None:
    """Let the runtime find NVIDIA's libraries where Python packages put them; it prints its failures."""
    if provider is Provider.CUDA and hasattr(ort, "preload_dlls"):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            ort.preload_dlls(directory="")
        logger.debug("CUDA libraries: %s", said.getvalue().strip() or "found")


def _runtime_errors(ort: ModuleType) -> tuple[type[Exception], ...]:
    """Return what loading a graph can raise: some ten classes of the runtime, with no base of their own."""
    classes = vars(ort.capi.onnxruntime_pybind11_state).values()
    return (RuntimeError, ValueError, *(c for c in classes if isinstance(c, type) and issubclass(c, Exception)))


class Session:
    """One graph on one provider.

    Args:
        path: The .onnx file; the weights it refers to lie beside it.
        provider: Where it shall run.
        settings: Threads and spinning.

    Raises:
        EngineError: onnxruntime is missing.
        ModelBundleError: the file cannot be loaded, or not on this provider.
    """

    def __init__(
        self, path: Path, *, provider: Provider = Provider.CPU, settings: RuntimeSettings | None = None
    ) -> None:
        ort = load_onnxruntime()
        chosen = settings or RuntimeSettings()
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads = chosen.threads or default_threads()
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if chosen.spinning else "0")
        options.add_session_config_entry("session.force_spinning_stop", "1")
        providers = [Provider.CPU.value]
        if provider is not Provider.CPU and provider in available_providers():
            _preload_libraries(ort, provider)
            providers = [provider.value, *providers]
        try:
            self._session = ort.InferenceSession(str(path), options, providers=providers)
        except _runtime_errors(ort) as error:
            raise ModelBundleError(
                f"{path.name} of the model {path.parent.name} cannot be loaded.",
                f"Install the model again, or update ONNX Runtime. ({str(error).splitlines()[0]})",
            ) from error
        # Asking for a provider that does not load is not an error there: it runs on the CPU instead.
        self.provider = Provider(self._session.get_providers()[0])
        if self.provider is not provider:
            logger.info("%s is not available, %s runs on %s", provider.value, path.name, self.provider.value)

    def binding(self) -> "Binding":
        """Return a new set of ties to memory."""
        return Binding(self._session)

    def run(self, outputs: list[str], inputs: dict[str, AnyArray]) -> list[AnyArray]:
        """Run once on arrays of any shape that fits, allocating the outputs."""
        return self._session.run(outputs, inputs)


class Binding:
    """Inputs and outputs of a session tied to arrays; made by `Session.binding`."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._binding = session.io_binding()
        self._arrays: dict[str, AnyArray] = {}  # keeps the memory alive that the runtime has addresses of

    def input(self, name: str, array: AnyArray) -> None:
        """Let an input be read from this array, now and whenever it has changed."""
        self._hold(name, array)
        self._binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def output(self, name: str, array: AnyArray) -> None:
        """Let an output be written into this array; it may be an input's too."""
        self._hold(name, array)
        self._binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def run(self) -> None:
        """Run on what the arrays now hold."""
        self._session.run_with_iobinding(self._binding)

    def _hold(self, name: str, array: AnyArray) -> None:
        if not array.flags.c_contiguous or not array.dtype.isnative:
            raise ValueError(f"{name} is bound to memory that is not contiguous")
        self._arrays[name] = np.asarray(array)
