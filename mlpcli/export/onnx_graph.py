"""An ONNX graph while it is built: nodes, constants, and names that nothing else in the graph has.

`onnx` is imported by the functions that need it: it is an extra.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from mlpcli.autodiff.expression import Expression

__all__ = ["ML", "Graph"]

ML = "ai.onnx.ml"
OPSETS = {"": 17, ML: 3}
"""Versions of the operators by domain; runtimes since 2022 support them."""

IR_VERSION = 8
"""Version of the file format that came with these operators."""

OPERATORS = {
    "+": "Add",
    "-": "Sub",
    "*": "Mul",
    "/": "Div",
    "**": "Pow",
    "neg": "Neg",
    "abs": "Abs",
    "cos": "Cos",
    "exp": "Exp",
    "log": "Log",
    "max": "Max",
    "min": "Min",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "sin": "Sin",
    "sqrt": "Sqrt",
    "tanh": "Tanh",
}
"""The operations of formulas."""


class Graph:
    """Nodes and constants; a value is known by its name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self._taken: set[str] = set()

    def fresh(self, name: str) -> str:
        """The name or, where it is taken, the name with the first free number."""
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        made = next(word for word in (name, *itertools.islice(numbered, len(self._taken))) if word not in self._taken)
        self._taken.add(made)
        return made

    def input(self, name: str, dtype: Any, shape: list[Any]) -> str:
        """An input of the model."""
        name = self.fresh(name)
        self.inputs.append(_value(name, dtype, shape))
        return name

    def output(self, name: str, value: str, dtype: Any, shape: list[Any]) -> None:
        """An output of the model, under a name that no input has."""
        name = self.fresh(name)
        self.add("Identity", value, out=name)
        self.outputs.append(_value(name, dtype, shape))

    def constant(self, values: Any, name: str = "constant") -> str:
        """A constant: numbers, booleans or texts."""
        from onnx import TensorProto, helper, numpy_helper

        array, name = np.asarray(values), self.fresh(name)
        if array.dtype.kind == "U":
            texts = [text.encode() for text in array.reshape(-1).tolist()]
            self.constants.append(helper.make_tensor(name, TensorProto.STRING, array.shape, texts))
        else:
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", out: str | None = None, **attributes: Any) -> str:
        """A node with one output, whose name is returned."""
        from onnx import helper

        out = out or self.fresh(operator.lower())
        self.nodes.append(helper.make_node(operator, inputs, [out], domain=domain, **attributes))
        return out

    def cast(self, value: str, dtype: Any) -> str:
        """The value as another type."""
        from onnx import helper

        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def formula(self, expression: Expression, variable: str, dtype: Any) -> str:
        """A formula of one variable, entry by entry."""
        values = {expression.variables[0]: variable}

        def operand(of: str | float) -> str:
            return values[of] if isinstance(of, str) else self.constant(np.asarray(of, dtype))

        for step in expression.steps:
            values[step.name] = self.add(OPERATORS[step.operation.name], *map(operand, step.operands))
        return values[expression.result]

    def concatenated(self, values: Iterable[str]) -> str:
        """Columns side by side."""
        several = list(values)
        return several[0] if len(several) == 1 else self.add("Concat", *several, axis=-1)

    def model(self, name: str, producer: tuple[str, str], metadata: dict[str, str]) -> bytes:
        """The checked model; the same bytes for the same graph."""
        from onnx import checker, helper

        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name=producer[0],
            producer_version=producer[1],
        )
        helper.set_model_props(model, metadata)
        checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def _value(name: str, dtype: Any, shape: list[Any]) -> Any:
    from onnx import TensorProto, helper

    kind = TensorProto.STRING if dtype is str else helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, shape)
