"""A trained network as an ONNX model that takes rows as the table has them and gives classes or values.

Inputs are columns `(rows, 1)` under their names: numbers as double, NaN where a cell is empty; texts as string, empty
where a cell is; booleans as bool, or as numbers if the training rows had gaps. Columns without names, those of arrays
and images, are one matrix X. Marks of missing values that training was told (`missing`) are empty cells here too, while
blanks around a text, which a table leaves out, have to be stripped before. Outputs are `prediction`, as `Model.predict`
gives it, and for classes `probabilities`.

Numbers are scaled in double precision, as in training: a year or a time in seconds would lose its digits in float32.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

import mlpcli
from mlpcli import json_text
from mlpcli.autodiff.parser import parse
from mlpcli.config import as_dict, choices
from mlpcli.data.prepared.columns import Column
from mlpcli.data.prepared.preprocessing import CLIP, FAR
from mlpcli.data.readers.text.cells import Spelling
from mlpcli.export.onnx_graph import ML, Graph
from mlpcli.export.trained import Trained, is_matrix, tensors_of
from mlpcli.nn import LOSSES, Activation, Array, BatchNorm, Dropout, Gain, Layer, LayerNorm, Linear, QuadraticLift
from mlpcli.nn.normalization import EPS

__all__ = ["onnx_bytes"]

ROWS = "rows"


def onnx_bytes(model: Trained) -> bytes:
    """The content of the file, the same bytes for the same network."""
    graph = Graph()
    dtype, tensors = np.dtype(model.options.dtype), tensors_of(model)
    value = _inputs(graph, model)
    for name, layer in zip(model.network.names, model.network.layers, strict=True):
        value = _layer(graph, value, name, layer, tensors, model.options.activation, dtype)
    if model.network.lead:  # an ensemble
        value = graph.add("ReduceMean", value, axes=[0], keepdims=0)
    scores = graph.cast(value, np.float64)
    if model.preprocessing.task == "multilabel":
        _labels(graph, scores, len(model.preprocessing.targets))
    elif model.classes is None:
        _values(graph, scores, model)
    else:
        _classes(graph, scores, model.classes, LOSSES[model.options.loss].log_odds)
    metadata = {
        "classes": json_text.canonical(None if model.classes is None else model.classes.tolist()),
        "data_digest": model.digest,
        "options": json_text.canonical(as_dict(model.options)),
        "targets": json_text.canonical(list(model.preprocessing.targets)),
    }
    return graph.model("mlp", ("mlpcli", mlpcli.__version__), metadata)


def _inputs(graph: Graph, model: Trained) -> str:
    """The inputs of the network, `(rows, features)`, from the columns of the table."""
    columns, dtype = model.preprocessing.columns, model.options.dtype
    spelling = Spelling.of(model.options.data)
    named = not is_matrix(columns)
    names = {}
    for column in columns if named else ():
        if column.features:
            kind: Any = {"text": str, "boolean": np.bool_}.get(column.kind, np.float64)
            kind = np.float64 if column.indicator else kind
            names[column.name] = graph.input(column.name, kind, [ROWS, 1])
    firsts = np.cumsum([0, *(len(column.features) for column in columns)])
    features: list[str] = []
    places: list[int] = []  # of the features, in the order of the network
    scalars = [(first, column) for first, column in zip(firsts, columns, strict=False) if column.kind != "text"]
    if scalars:
        if named:
            cells = graph.concatenated(
                graph.cast(names[column.name], np.float64)
                if column.kind == "boolean" and not column.indicator
                else names[column.name]
                for _, column in scalars
            )
        else:
            cells = graph.input("X", np.float64, [ROWS, len(columns)])
        features += _numbers(graph, cells, [column for _, column in scalars], spelling, dtype)
        places += [first for first, _ in scalars]
        places += [first + 1 for first, column in scalars if column.indicator]
    for first, column in zip(firsts, columns, strict=False):
        if column.kind == "text" and column.features:
            features.append(_one_hot(graph, names[column.name], column, spelling, dtype))
            places += range(first, first + len(column.features))
    value = graph.concatenated(features)
    if places == sorted(places):
        return value
    return graph.add("Gather", value, graph.constant(np.argsort(places)), axis=1)


def _numbers(graph: Graph, cells: str, columns: list[Column], spelling: Spelling, dtype: str) -> list[str]:
    """(cell - center) / scale of each number, gaps filled, and the indicators of gaps: `Preprocessing.apply`."""

    def fitted(name: str) -> str:
        return graph.constant([[float(getattr(column, name)) for column in columns]], name)

    missing = graph.add("IsNaN", cells)
    for mark in sorted(spelling.missing_numbers):
        marks = graph.constant([[mark if column.kind == "number" else np.nan for column in columns]], "missing")
        missing = graph.add("Or", missing, graph.add("Equal", cells, marks))
    filled = graph.add("Where", missing, fitted("fill"), cells)
    scaled = graph.add("Div", graph.add("Sub", filled, fitted("center")), fitted("scale"))
    if any(column.clip for column in columns):
        near = graph.add("Clip", scaled, graph.constant(-FAR), graph.constant(FAR))
        third = graph.add("Div", near, graph.constant(CLIP))
        length = graph.add("Sqrt", graph.add("Add", graph.constant(1.0), graph.add("Mul", third, third)))
        chosen = graph.constant([[column.clip for column in columns]])
        scaled = graph.add("Where", chosen, graph.add("Div", near, length), scaled)
    made = [graph.cast(scaled, dtype)]
    if gaps := [at for at, column in enumerate(columns) if column.indicator]:
        made.append(graph.cast(graph.add("Gather", missing, graph.constant(gaps), axis=1), dtype))
    return made


def _one_hot(graph: Graph, cells: str, column: Column, spelling: Spelling, dtype: str) -> str:
    """One 0/1 column per category, and one of rare texts where there is one; an empty cell is zeros."""
    codes = column.codes | dict.fromkeys(("", *spelling.missing), -1)
    code = graph.add(
        "LabelEncoder",
        cells,
        domain=ML,
        keys_strings=list(codes),
        values_int64s=list(codes.values()),
        default_int64=len(column.categories) if column.rare else -1,
    )
    known = graph.constant([range(len(column.features))])
    return graph.cast(graph.add("Equal", code, known), dtype)


def _layer(
    graph: Graph, x: str, name: str, layer: Layer, tensors: Mapping[str, Array], activation: str, dtype: Any
) -> str:
    """One layer, as it is after training: dropout passes everything, batch norm uses its running statistics."""

    def tensor(of: str) -> str:
        return graph.constant(tensors[f"{name}.{of}"], f"{name}.{of}")

    match layer:
        case Linear():
            z = graph.add("MatMul", x, tensor("weight"))
            return graph.add("Add", z, tensor("bias")) if layer.has_bias else z
        case BatchNorm():
            deviation = np.sqrt(tensors[f"{name}.running_var"] + dtype.type(EPS))
            centred = graph.add("Sub", x, tensor("running_mean"))
            slope = graph.constant(tensors[f"{name}.gain"] / deviation, f"{name}.slope")
            return graph.add("Add", graph.add("Mul", centred, slope), tensor("bias"))
        case LayerNorm():
            gain, bias = tensor("gain"), tensor("bias")
            if tensors[f"{name}.gain"].ndim == 1:
                return graph.add("LayerNormalization", x, gain, bias, axis=-1, epsilon=EPS)
            ones = graph.constant(np.ones(tensors[f"{name}.gain"].shape[-1], dtype))
            normalized = graph.add("LayerNormalization", x, ones, axis=-1, epsilon=EPS)
            return graph.add("Add", graph.add("Mul", normalized, gain), bias)
        case Activation():
            return graph.formula(parse(choices.ACTIVATIONS[activation].formula), x, dtype)
        case Gain():
            return graph.add("Mul", x, tensor("gain"))
        case QuadraticLift():
            pairs = np.triu_indices(layer.features)
            one, other = (graph.add("Gather", x, graph.constant(at), axis=-1) for at in pairs)
            return graph.concatenated([x, graph.add("Mul", one, other)])
        case Dropout():
            return x
    raise AssertionError(f"{name}: a layer without a form in ONNX")


def _values(graph: Graph, scores: str, model: Trained) -> None:
    """The targets in their own units, `(rows,)` or `(rows, targets)`."""
    scale, mean = model.preprocessing.target_scale, model.preprocessing.target_mean
    own = graph.add("Add", graph.add("Mul", scores, graph.constant([scale], "target_scale")), graph.constant([mean]))
    if len(scale) == 1:
        own = graph.add("Squeeze", own, graph.constant([1]))
    graph.output("prediction", own, np.float64, [ROWS, len(scale)] if len(scale) > 1 else [ROWS])


def _labels(graph: Graph, scores: str, labels: int) -> None:
    """Each label of each row, 0 or 1, and its probability."""
    graph.output(
        "prediction", graph.cast(graph.add("Greater", scores, graph.constant(0.0)), np.int64), np.int64, [ROWS, labels]
    )
    graph.output("probabilities", graph.add("Sigmoid", scores), np.float64, [ROWS, labels])


def _classes(graph: Graph, scores: str, classes: Array, log_odds: bool) -> None:
    """The class of each row, and one probability per class: `Model.decide` and `Model.probabilities`."""
    if len(classes) == 2:
        first = graph.add("Squeeze", scores, graph.constant([1]))
        code = graph.cast(graph.add("Greater", first, graph.constant(0.0)), np.int64)
        positive = graph.add("Sigmoid", scores) if log_odds else _clipped(graph, _halved(graph, scores))
        probabilities = graph.concatenated([graph.add("Sub", graph.constant(1.0), positive), positive])
    else:
        code = graph.add("ArgMax", scores, axis=1, keepdims=0)
        probabilities = graph.add("Softmax", scores, axis=-1) if log_odds else _shares(graph, scores)
    prediction = graph.add("Gather", graph.constant(classes, "classes"), code)
    graph.output("prediction", prediction, str if classes.dtype.kind == "U" else classes.dtype, [ROWS])
    graph.output("probabilities", probabilities, np.float64, [ROWS, len(classes)])


def _halved(graph: Graph, score: str) -> str:
    """A score from -1 to 1 as a number from 0 to 1."""
    return graph.add("Div", graph.add("Add", score, graph.constant(1.0)), graph.constant(2.0))


def _clipped(graph: Graph, value: str) -> str:
    return graph.add("Clip", value, graph.constant(0.0), graph.constant(1.0))


def _shares(graph: Graph, scores: str) -> str:
    """Scores clipped to [0, 1] over their sum; all classes alike where all are 0."""
    clipped, axes = _clipped(graph, scores), graph.constant([1])
    empty = graph.add("Equal", graph.add("ReduceSum", clipped, axes), graph.constant(0.0))
    filled = graph.add("Where", empty, graph.constant(1.0), clipped)
    return graph.add("Div", filled, graph.add("ReduceSum", filled, axes))
