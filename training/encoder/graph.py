"""Builds ONNX graphs node by node."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

_OPSET, _IR_VERSION = 18, 10


class Graph:
    """Collects nodes; `op` returns the name of what it makes.

    Args:
        weights: Arrays that nodes may name.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants = {name: numpy_helper.from_array(array, name) for name, array in weights.items()}

    def op(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node."""
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def last(self, op: str, *inputs: str, name: str) -> None:
        """Add the node that makes the graph's output."""
        self.nodes.append(helper.make_node(op, inputs, [name]))

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike) -> str:
        """Add a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.asarray(value, dtype), name)
        return name

    def gelu(self, x: str) -> str:
        """Add an exact GELU, which opset 18 does not have."""
        error = self.op("Erf", self.op("Mul", x, self.constant(math.sqrt(0.5), np.float32)))
        half = self.op("Mul", x, self.constant(0.5, np.float32))
        return self.op("Mul", half, self.op("Add", error, self.constant(1, np.float32)))

    def serialised(self, name: str, read: onnx.ValueInfoProto, written: onnx.ValueInfoProto) -> bytes:
        """Return the graph as a file holds it."""
        graph = helper.make_graph(self.nodes, name, [read], [written], list(self.constants.values()))
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION, producer_name="turnaround")
        return model.SerializeToString()
