"""The check of a network's gradients against two judges: central differences and the reverse-mode tape.

The function that is differentiated is the objective of a training step in float64: the mean loss over a batch, with
smoothing and weights, plus the L2 penalty, with fixed dropout masks and batch norm in training mode. The gradient of
each tensor is compared as a whole, in the L2 norm.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mlpcli.autodiff import Differences, Variable, backward
from mlpcli.data.sparse.sparse_rows import SparseRows
from mlpcli.gradcheck.oracle import knows, objective
from mlpcli.gradcheck.probe import Probe, Subject
from mlpcli.nn import Array, Purpose, Shape, stream
from mlpcli.training.build import build_optimizer

__all__ = ["Disagreement", "Row", "check", "merged"]

MOST_ENTRIES = 2_000
"""Entries of a tensor that are moved for the differences."""

DIFFERENCES_FLOOR = 1e-3
"""Entries below this share of the objective J, exact zeros included, are judged as if they were that large.

J is accurate to 1e-16 of itself, so a difference over a step of 1e-5 is accurate to 1e-11 J, and smaller entries would
compare noise. At a tolerance of 1e-7 this amounts to an absolute tolerance of 1e-10 J per entry.
"""

TAPE_FLOOR = 1e-8
"""The same for the tape, which is accurate to 1e-16 J."""


@dataclass(frozen=True)
class Disagreement:
    """The entry of a tensor, such as `hidden.0.weight[3, 2]`, where the layers and a judge differ most."""

    entry: str
    layers: float
    judge: str
    expected: float


@dataclass(frozen=True)
class Row:
    """The result for one component: relative errors in the L2 norm, the worst over its tensors.

    Attributes:
        component: its name.
        parameters: how many entries its gradients have.
        differences: error against central differences.
        tape: error against the tape; None where the tape has no formula.
        probed: entries that were moved for the differences.
        skipped: those of them that met a kink, where differences mean nothing.
        worst: the entry with the largest disagreement.
    """

    component: str
    parameters: int
    differences: float
    tape: float | None
    probed: int
    skipped: int
    worst: Disagreement | None

    @property
    def error(self) -> float:
        """The larger of the two errors."""
        return max(self.differences, self.tape or 0.0)

    def verdict(self, tolerance: float) -> str:
        """`wrong` if an error is above the tolerance, `unchecked` if most differences met a kink, else `ok`."""
        if not self.error <= tolerance:
            return "wrong"
        return "unchecked" if 2 * self.skipped > self.probed else "ok"


def merged(component: str, rows: Iterable[Row]) -> Row:
    """One row for several: the largest errors, and the sums of all counts."""
    found = list(rows)
    tapes = [row.tape for row in found if row.tape is not None]
    return Row(
        component,
        parameters=sum(row.parameters for row in found),
        differences=max(row.differences for row in found),
        tape=max(tapes) if len(tapes) == len(found) else None,
        probed=sum(row.probed for row in found),
        skipped=sum(row.skipped for row in found),
        worst=max(found, key=lambda row: row.error).worst,
    )


def check(subject: Subject) -> list[Row]:
    """Compare the gradient of every parameter tensor with both judges; one row per tensor.

    At most 2,000 entries of a tensor, chosen by the seed, are moved for the differences; the tape judges all of them.
    """
    network, rng = subject.network, stream(subject.options.seed, Purpose.GRADCHECK, epoch=1)
    with np.errstate(
        over="ignore", divide="ignore", invalid="ignore"
    ):  # gradients that are not finite are judged wrong
        probe = Probe(subject)
        value = probe.objective()
        gradients = _of_the_layers(subject)
        tape = _of_the_tape(subject, probe.masks()) if knows(subject.options) else None
        rows = []
        for name, tensor in network.tensors().items():
            if name not in gradients:
                continue
            entries = np.sort(rng.permutation(tensor.size)[:MOST_ENTRIES])
            found = probe.differences(name, entries)
            expected = None if tape is None else tape[name]
            rows.append(_compare(name, tensor.shape, value, gradients[name], found, expected))
        return rows


def _of_the_layers(subject: Subject) -> dict[str, Array]:
    """The gradients of training by name: of the loss from the backward pass, of weight decay from the optimizer."""
    network = subject.network
    subject.loss(network.forward(subject.x, training=True), subject.y, subject.row_weights)
    network.backward(subject.loss.gradient())
    if subject.decay:
        # The optimizer adds the decay inside its step; a plain step at rate 1 shows the sum.
        moved = network.params.copy()
        plain = {"optimizer": "sgd", "clip_norm": 0.0, "lr_multiplier": 1.0, "input_gain": 1.0}
        build_optimizer([subject.options.model_copy(update=plain)], network).step(moved, network.grads, 1.0)
        network.grads[...] = network.params - moved
    return {name: view.copy() for name, view in network.gradients.items()}


def _of_the_tape(subject: Subject, masks: dict[str, Array]) -> dict[str, Array]:
    variables = {name: Variable(view) for name, view in subject.network.parameters.items()}
    x = subject.x.toarray() if isinstance(subject.x, SparseRows) else subject.x  # the tape knows arrays only
    found = backward(objective(subject.options, variables, x, subject.targets, masks, subject.weights))
    return {name: found.get(variable, np.zeros_like(variable.value)) for name, variable in variables.items()}


def _compare(name: str, shape: Shape, value: float, gradient: Array, found: Differences, tape: Array | None) -> Row:
    """The row of one tensor, whose entries are indexed in `shape`; `value` is J."""
    flat, kept = gradient.ravel(), found.entries[found.smooth]
    opinions = [("central differences", kept, found.slopes[found.smooth], DIFFERENCES_FLOOR)]
    if tape is not None:
        opinions.append(("the tape", np.arange(flat.size), tape.ravel(), TAPE_FLOOR))
    errors = [_relative_error(flat[entries], slopes, floor * abs(value)) for _, entries, slopes, floor in opinions]
    judge, entries, slopes, _ = opinions[int(np.argmax(errors))]
    worst = None
    if len(entries):
        at = np.argmax(np.nan_to_num(abs(flat[entries] - slopes), nan=np.inf))
        place = ", ".join(str(index) for index in np.unravel_index(entries[at], shape))
        worst = Disagreement(f"{name}[{place}]", float(flat[entries[at]]), judge, float(slopes[at]))
    return Row(
        name,
        parameters=flat.size,
        differences=errors[0],
        tape=None if tape is None else errors[1],
        probed=len(found.entries),
        skipped=int(np.count_nonzero(~found.smooth)),
        worst=worst,
    )


def _relative_error(actual: Array, expected: Array, floor: float) -> float:
    """||a - e|| / max(||a||, ||e||, floor sqrt(size)); infinite if something is not finite."""
    sizes = [float(np.linalg.norm(v)) for v in (actual - expected, actual, expected)]
    if not np.isfinite(sizes).all():
        return float("inf")
    scale = max(sizes[1], sizes[2], floor * actual.size**0.5)
    return sizes[0] / scale if scale else 0.0
