"""Whether a network's gradients are right, asked of two judges: central differences and the reverse-mode tape.

What is differentiated is the objective of a training step in float64: the mean loss over a batch, smoothed and
weighted, and the L2 penalty, with dropout masks held fixed and batch norm in training mode. Each tensor's gradient is
compared as a whole, in the L2 norm.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mlpcli.autodiff import Differences, Variable, backward
from mlpcli.gradcheck.oracle import knows, objective
from mlpcli.gradcheck.probe import Probe, Subject
from mlpcli.nn import Array, Purpose, Shape, stream
from mlpcli.training.build import build_optimizer

__all__ = ["Disagreement", "Row", "check", "merged"]

MOST_ENTRIES = 2_000

DIFFERENCES_FLOOR = 1e-3
"""Gradients whose entries are below this share of J, exact zeros among them, are judged as if they were that large.

J is known to 1e-16 of itself, so a difference over a step of 1e-5 to 1e-11 J: of smaller entries only noise would be
compared. At a tolerance of 1e-7 this makes an absolute gate of 1e-10 J an entry.
"""

TAPE_FLOOR = 1e-8
"""The same against the tape, which rounds to 1e-16 J."""


@dataclass(frozen=True)
class Disagreement:
    """The entry of a tensor, `hidden.0.weight[3, 2]`, where the layers and a judge are furthest apart."""

    entry: str
    layers: float
    judge: str
    expected: float


@dataclass(frozen=True)
class Row:
    """What was found about one component: L2 relative errors, the worst over its tensors.

    `tape` is None where the tape has no formula. Of `probed` entries that were moved, `skipped` met a kink.
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
        """The worse of the two errors."""
        return max(self.differences, self.tape or 0.0)

    def verdict(self, tolerance: float) -> str:
        """`ok`; `wrong` where an error is above the tolerance; `unchecked` where most differences met a kink."""
        if not self.error <= tolerance:
            return "wrong"
        return "unchecked" if 2 * self.skipped > self.probed else "ok"


def merged(component: str, rows: Iterable[Row]) -> Row:
    """One row for several: the worst errors, everything else added up."""
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
    """Compare the gradient of every parameter tensor with both judges, a row a tensor.

    At most 2,000 entries of a tensor, drawn by the seed, are moved for the differences; the tape judges all.
    """
    network, rng = subject.network, stream(subject.options.seed, Purpose.GRADCHECK, epoch=1)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # what is not finite is judged wrong
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
    """The gradients that training would use, by name: from the backward pass, and weight decay from the optimizer."""
    network = subject.network
    subject.loss(network.forward(subject.x, training=True), subject.y)
    network.backward(subject.loss.gradient())
    if subject.decay:
        # The optimizer adds the decay inside its step; a plain step at rate 1 shows what it stepped along.
        moved = network.params.copy()
        plain = {"optimizer": "sgd", "clip_norm": 0.0, "lr_multiplier": 1.0, "input_gain": 1.0}
        build_optimizer([subject.options.model_copy(update=plain)], network).step(moved, network.grads, 1.0)
        network.grads[...] = network.params - moved
    return {name: view.copy() for name, view in network.gradients.items()}


def _of_the_tape(subject: Subject, masks: dict[str, Array]) -> dict[str, Array]:
    variables = {name: Variable(view) for name, view in subject.network.parameters.items()}
    weights = None if subject.class_weights is None else subject.class_weights[subject.y]
    found = backward(objective(subject.options, variables, subject.x, subject.targets, masks, weights))
    return {name: found.get(variable, np.zeros_like(variable.value)) for name, variable in variables.items()}


def _compare(name: str, shape: Shape, value: float, gradient: Array, found: Differences, tape: Array | None) -> Row:
    """The row of one tensor; `value` is J, `shape` what its entries are counted in."""
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
    """||a - e|| / max(||a||, ||e||, floor for every entry); infinite where something is not finite."""
    sizes = [float(np.linalg.norm(v)) for v in (actual - expected, actual, expected)]
    if not np.isfinite(sizes).all():
        return float("inf")
    scale = max(sizes[1], sizes[2], floor * actual.size**0.5)
    return sizes[0] / scale if scale else 0.0
