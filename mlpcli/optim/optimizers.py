"""Optimizers: chains of transforms, run over one flat array of parameters."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from mlpcli.kernels.aligned import CACHE_LINE
from mlpcli.kernels.descent import Number
from mlpcli.optim.block import Array, Arrays, Block, Shape, Transform
from mlpcli.optim.norms import gradient_norm
from mlpcli.optim.transforms import add_weight_decay, nesterov, scale_by_adam, scale_by_rms, shrink_weights, trace

if TYPE_CHECKING:
    from mlpcli.optim.side_by_side import SideBySide

__all__ = ["OPTIMIZERS", "Optimizer"]

OPTIMIZERS: dict[str, tuple[Transform, ...]] = {
    "sgd": (add_weight_decay,),
    "momentum": (add_weight_decay, trace),
    "nesterov": (add_weight_decay, nesterov),
    "rmsprop": (add_weight_decay, scale_by_rms),
    "adam": (add_weight_decay, scale_by_adam),
    "adamw": (shrink_weights, scale_by_adam),
}
"""Name to chain: the transforms that turn a clipped gradient into the update in params -= lr * update."""

BYTES_WORTH_A_THREAD = 3 << 19
"""Bytes of parameters per thread from which waking the thread pays. Measured with 784 inputs, batches of 128, depth 3
and two BLAS threads, a step with one and with two threads for the update takes 1.70 and 1.79 ms at width 256 (1.3 MB),
4.22 and 4.18 ms at 512 (3.7 MB), 12.6 and 11.6 ms at 1024 (11.6 MB). This needs OpenBLAS's idle threads to leave the
second core; by default they spin on it for 2^26 cycles, and two threads gain nothing: see `mlpcli.threads`."""


class Optimizer:
    """Updates parameters `(..., size)` in place from their gradients; leading axes are independent replicas.

    Hyperparameters are numbers, or `(..., 1)` with one per replica; they stay in float64 until they are rounded, once,
    to `dtype`. A chain uses those it needs and ignores the others.

    Args:
        name: a key of `OPTIMIZERS`.
        shape: the shape of the parameters, `(..., size)`.
        dtype: their dtype.
        momentum: decay of the velocity.
        momentum_final: the momentum after `momentum_steps` steps, which it approaches linearly.
        momentum_steps: steps from `momentum` to `momentum_final`; 0 keeps `momentum`.
        beta1: decay of the mean of the gradient.
        beta2: decay of the mean of the squared gradient.
        eps: added to the root of that mean.
        eps_hat: 1 adds eps before the bias of that root is corrected.
        weight_decay: the L2 penalty is weight_decay / 2 * |w|^2, or decoupled decay of the weights.
        clip_norm: upper bound on the norm of a replica's gradient, before weight decay; 0 and infinity mean no bound.
        decayed: the pieces of the flat axis that weight decay applies to.
        factors: multiples of the learning rate for each parameter, `(size,)` or `(..., size)`; None is 1 for all.
        threads: the most threads that share an update.

    >>> w = np.array([1.0, 2.0])
    >>> optimizer = Optimizer("momentum", w.shape, w.dtype, momentum=0.5)
    >>> for _ in range(2):
    ...     norm = optimizer.step(w, grads=np.array([3.0, 4.0]), lr=0.1)
    >>> w, float(norm)
    (array([0.25, 1.  ]), 5.0)
    """

    def __init__(
        self,
        name: str,
        shape: Shape,
        dtype: DTypeLike,
        *,
        momentum: float | Array = 0.9,
        momentum_final: float | Array = 0.9,
        momentum_steps: float | Array = 0.0,
        beta1: float | Array = 0.9,
        beta2: float | Array = 0.999,
        eps: float | Array = 1e-8,
        eps_hat: float | Array = 0.0,
        weight_decay: float | Array = 0.0,
        clip_norm: float | Array = 0.0,
        decayed: Sequence[slice] = (slice(None),),
        factors: Array | None = None,
        threads: int = 1,
    ) -> None:
        self.name, self.shape, self.dtype = name, shape, np.dtype(dtype)
        self._hyperparameters = {
            "momentum": momentum,
            "momentum_final": momentum_final,
            "momentum_steps": momentum_steps,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "eps_hat": eps_hat,
            "weight_decay": weight_decay,
            "clip_norm": clip_norm,
        }
        self._decayed, self._factors, self._threads = decayed, factors, threads
        self._count = 0
        self._matrix = (math.prod(shape[:-1]), shape[-1])
        self._memory = Arrays(self._matrix, self.dtype)
        numbers = {key: self._number(value) for key, value in self._hyperparameters.items()}
        self._bound = np.where(np.greater(clip_norm, 0), clip_norm, np.inf)
        self._clips = bool((self._bound < np.inf).any())
        self._blocks = self._build(numbers)
        self._params: Array | None = None
        self._grads: Array | None = None

    def step(self, params: Array, grads: Array, lr: float | Array) -> Array:
        """Update the parameters and return the norm of each replica's gradient before clipping, float64 `(...)`.

        Args:
            params: `(..., size)`, C-contiguous, updated in place.
            grads: the gradients in the same shape, C-contiguous, only read.
            lr: the learning rate, a number or `(..., 1)`.

        Raises:
            ValueError: an array has another shape or dtype than the optimizer was made for, or is not contiguous.
        """
        if params is not self._params or grads is not self._grads:
            self._attach(params, grads)
        self._count += 1
        norm = gradient_norm(grads)
        count, rate, clip = self._count, self._number(lr), self._clip(norm) if self._clips else None
        if len(self._blocks) == 1:
            self._blocks[0].step(rate, count, clip)
        else:
            self._side_by_side([partial(block.step, rate, count, clip) for block in self._blocks])
        return norm

    @property
    def state(self) -> dict[str, Array]:
        """State for a checkpoint: live arrays `(..., size)` by name, and the `count` of steps."""
        arrays = {name: array.reshape(self.shape) for name, array in self._memory.items()}
        return {"count": np.array(self._count), **arrays}

    def load(self, state: Mapping[str, Array]) -> None:
        """Go on from the `state` of an optimizer of the same name, shape and dtype.

        Raises:
            ValueError: the state belongs to another optimizer or shape.
        """
        arrays = self.state
        if state.keys() != arrays.keys():
            raise ValueError(f"state of {self.name} with {sorted(state)}: need {sorted(arrays)}")
        for name, array in arrays.items():
            if state[name].shape != array.shape:
                raise ValueError(f"{name} of shape {state[name].shape} in a state of {self.name}: need {array.shape}")
            array[...] = state[name]
        self._count = int(state["count"])

    def select(self, index: Array) -> "Optimizer":
        """An optimizer that goes on from here with the replicas at `index` of the first leading axis."""
        lead, size = self.shape[:-1], self.shape[-1]
        numbers = {
            name: value if np.ndim(value) == 0 else np.broadcast_to(value, (*lead, 1))[index]
            for name, value in self._hyperparameters.items()
        }
        shape = (*np.empty(lead)[index].shape, size)
        factors = self._factors
        if factors is not None and factors.ndim > 1:
            factors = factors[index]
        chosen = Optimizer(
            self.name, shape, self.dtype, **numbers, decayed=self._decayed, factors=factors, threads=self._threads
        )
        chosen.load({name: array if name == "count" else array[index] for name, array in self.state.items()})
        return chosen

    @cached_property
    def _side_by_side(self) -> "SideBySide":
        """The threads beside the caller's; most trainings have one block, and none of the imports that these cost."""
        from mlpcli.optim.side_by_side import SideBySide

        return SideBySide(len(self._blocks) - 1)

    def _build(self, numbers: Mapping[str, Number]) -> list[Block]:
        """One block for each thread, cut at cache lines."""
        size, itemsize = self.shape[-1], self.dtype.itemsize
        mask = np.zeros((1, size), self.dtype)
        for span in self._decayed:
            mask[:, span] = 1
        factors = None
        if self._factors is not None:
            factors = self._factors.astype(self.dtype).reshape(-1, size)
        threads = max(1, min(self._threads, math.prod(self._matrix) * itemsize // BYTES_WORTH_A_THREAD))
        line = CACHE_LINE // itemsize
        width = -(-size // threads)
        width = max(line, width + -width % line)
        return [
            Block(slice(start, min(start + width, size)), numbers, mask, factors, self._memory, OPTIMIZERS[self.name])
            for start in range(0, max(size, 1), width)
        ]

    def _attach(self, params: Array, grads: Array) -> None:
        """Check the arrays and give each block its views; a training passes the same two arrays at every step."""
        if params.shape != self.shape or grads.shape != self.shape or params.dtype != self.dtype:
            raise ValueError(f"need {self.shape} {self.dtype}: parameters {params.shape} {params.dtype}, {grads.shape}")
        if not (params.flags.c_contiguous and grads.flags.c_contiguous):
            raise ValueError("parameters and gradients must be contiguous, so that blocks are views of them")
        self._params, self._grads = params, grads
        for block in self._blocks:
            block.attach(params.reshape(self._matrix), grads.reshape(self._matrix))

    def _clip(self, norm: Array) -> Array | None:
        """The factors `(replicas, 1)` that scale the norms down to their bound; None where no norm exceeds it."""
        norm = np.expand_dims(norm, -1)
        exceeds = norm > self._bound
        if not exceeds.any():
            return None
        return np.divide(self._bound, norm, out=np.ones_like(norm), where=exceeds).reshape(-1, 1)

    def _number(self, value: float | Array) -> Number:
        """A hyperparameter as the blocks take it; equal values become one number, which is faster with equal bits."""
        if isinstance(value, float):
            return value
        array = np.asarray(value, np.float64)
        if array.size == 1 or (array == array.flat[0]).all():
            return array.flat[0].item()
        return np.broadcast_to(array, (*self.shape[:-1], 1)).reshape(-1, 1)
