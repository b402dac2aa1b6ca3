"""Five ways to take the same training steps: ours, its matrix products alone, scikit-learn, PyTorch and JAX.

Each function sets a problem up and returns `run`, one call of which takes `problem.steps` steps on batches gathered
from `rows` in an order that is new every time. All have the same network (ReLU, cross-entropy, no penalty worth
naming), optimizer and float32; each is written as its own users would write it. Ours, PyTorch and JAX add up what
metrics.csv shows of an epoch: the loss, the hits and the norm of the gradient; scikit-learn adds up the loss alone.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

__all__ = ["CONTENDERS", "Problem", "ours", "products", "set_up", "time_steps", "training"]

CLASSES = 10
LEARNING_RATE = 1e-3
MOMENTUM = 0.9

Run = Callable[[], object]


@dataclass(frozen=True)
class Problem:
    """A network of `depth` hidden layers, or a stack of `replicas`; `optimizer` is momentum or adam."""

    inputs: int
    width: int
    batch: int
    steps: int
    optimizer: str = "momentum"
    threads: int = 1
    depth: int = 3
    replicas: int = 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of all layers, inputs and outputs included."""
        return (self.inputs, *[self.width] * self.depth, CLASSES)

    def data(self):
        """Rows and labels of one epoch of `steps` batches."""
        rng = np.random.default_rng(0)
        rows = self.batch * self.steps
        return rng.standard_normal((rows, self.inputs), np.float32), rng.integers(CLASSES, size=rows)


def training(problem: Problem):
    """The resolved options and the data of one epoch of our own."""
    from mlpcli.config import RunOptions, resolve
    from mlpcli.data import Part, Prepared
    from mlpcli.data.prepared.columns import Column
    from mlpcli.data.prepared.preprocessing import Preprocessing

    x, y = problem.data()
    columns = tuple(Column(f"x{i}") for i in range(problem.inputs))
    fitted = Preprocessing(columns, ("y",), tuple(map(str, range(CLASSES))), (), (), "float32")
    data = Prepared("noise", "classification", Part(x, y, np.arange(len(x))), None, None, fitted, "none", "", Path())
    options = RunOptions(
        width=problem.width,
        depth=problem.depth,
        batch_size=problem.batch,
        optimizer=problem.optimizer,
        lr=LEARNING_RATE,
        epochs=1_000_000,
        patience=0,
        threads=problem.threads,
    )
    return resolve(options, task="classification", scale="none", has_validation=False, threads=problem.threads), data


def ours(problem: Problem) -> Run:
    """What `mlpcli train` does, an epoch at a time: order, batches, running means, gradient norm and all."""
    from mlpcli.training.loop.trainer import Trainer

    options, data = training(problem)
    epochs = Trainer([options], data).epochs()
    return lambda: next(epochs)


def products(problem: Problem) -> Run:
    """The matrix products of a step and nothing else: forward, weight gradients, and input gradients but the first."""
    rng, lead = np.random.default_rng(0), (problem.replicas,) if problem.replicas > 1 else ()

    def matrix(rows, columns):
        return rng.standard_normal((*lead, rows, columns), np.float32)

    layers = [
        (
            *(matrix(problem.batch, fan_in), matrix(fan_in, fan_out), matrix(problem.batch, fan_out)),
            *(matrix(problem.batch, fan_out), matrix(fan_in, fan_out), matrix(problem.batch, fan_in)),
        )
        for fan_in, fan_out in pairwise(problem.sizes)
    ]

    def run():
        for _ in range(problem.steps):
            for x, weight, _, z, _, _ in layers:
                np.matmul(x, weight, out=z)
            for index in reversed(range(len(layers))):
                x, weight, dz, _, weight_grad, dx = layers[index]
                np.matmul(np.matrix_transpose(x), dz, out=weight_grad)
                if index:
                    np.matmul(dz, np.matrix_transpose(weight), out=dx)

    return run


def scikit_learn(problem: Problem) -> Run:
    """`partial_fit` over the rows of an epoch, so that its cost per call is shared by all steps."""
    from sklearn.neural_network import MLPClassifier

    x, y = problem.data()
    model = MLPClassifier(
        problem.sizes[1:-1],
        solver="sgd" if problem.optimizer == "momentum" else problem.optimizer,
        learning_rate_init=LEARNING_RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=problem.batch,
    )
    return lambda: model.partial_fit(x, y, classes=np.arange(CLASSES))


def pytorch(problem: Problem, measured: bool = True) -> Run:
    """Eager, the loop of its tutorials over tensors in memory; not `measured`, it adds nothing up."""
    import torch

    torch.set_num_threads(problem.threads)
    x, y = map(torch.from_numpy, problem.data())
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in pairwise(problem.sizes):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    loss_of = torch.nn.CrossEntropyLoss()
    if problem.optimizer == "momentum":
        optimizer = torch.optim.SGD(model.parameters(), LEARNING_RATE, MOMENTUM)
    else:
        optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)

    params = list(model.parameters())

    def bare():
        for rows in torch.randperm(len(x)).split(problem.batch):
            optimizer.zero_grad()
            loss_of(model(x[rows]), y[rows]).backward()
            optimizer.step()

    def run():
        losses, hits, norms = torch.zeros(()), torch.zeros((), dtype=torch.int64), torch.zeros(())
        for rows in torch.randperm(len(x)).split(problem.batch):
            labels = y[rows]
            scores = model(x[rows])
            loss = loss_of(scores, labels)
            optimizer.zero_grad()
            loss.backward()
            losses += loss.detach()
            hits += (scores.detach().argmax(1) == labels).sum()
            norms += torch.nn.utils.get_total_norm([param.grad for param in params])
            optimizer.step()
        return losses, hits, norms

    return run if measured else bare


def bare_pytorch(problem: Problem) -> Run:
    """PyTorch without the sums, which is less than ours does."""
    return pytorch(problem, measured=False)


def jax(problem: Problem) -> Run:
    """One jitted scan over the steps of an epoch, its compilation not counted."""
    import jax
    import jax.numpy as jnp

    x, y = map(jnp.asarray, problem.data())
    rng = np.random.default_rng(0)
    params = [
        (jnp.asarray(rng.normal(0, np.sqrt(2 / a), (a, b)), jnp.float32), jnp.zeros(b))
        for a, b in pairwise(problem.sizes)
    ]
    zeros = jax.tree.map(jnp.zeros_like, params)

    def loss_of(params, x, y):
        for weight, bias in params[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        scores = x @ params[-1][0] + params[-1][1]
        loss = -jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], axis=-1).mean()
        return loss, (scores.argmax(axis=-1) == y).sum()

    def momentum(params, grads, velocity, _, count):
        velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, grads)
        return jax.tree.map(lambda w, v: w - LEARNING_RATE * v, params, velocity), velocity, _

    def adam(params, grads, mean, square, count):
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, grads)
        rate, root = LEARNING_RATE / (1 - 0.9**count), jnp.sqrt(1 - 0.999**count)
        step = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) / root + 1e-8), params, mean, square)
        return step, mean, square

    update = {"momentum": momentum, "adam": adam}[problem.optimizer]

    def step(carry, rows):
        params, first, second, count = carry
        (loss, hits), grads = jax.value_and_grad(loss_of, has_aux=True)(params, x[rows], y[rows])
        norm = jnp.sqrt(sum(jnp.vdot(grad, grad) for grad in jax.tree.leaves(grads)))
        return (*update(params, grads, first, second, count), count + 1), (loss, hits, norm)

    @partial(jax.jit, donate_argnums=0)
    def epoch(carry, order):
        carry, measured = jax.lax.scan(step, carry, order)
        return carry, [values.sum() for values in measured]

    carry = (params, zeros, jax.tree.map(jnp.zeros_like, params), jnp.float32(1))

    def run():
        nonlocal carry
        order = rng.permutation(len(x)).reshape(-1, problem.batch)
        carry, measured = jax.block_until_ready(epoch(carry, order))
        return measured

    return run


CONTENDERS = {
    "ours": ours,
    "products": products,
    "scikit-learn": scikit_learn,
    "PyTorch": pytorch,
    "JAX": jax,
    "bare PyTorch": bare_pytorch,
}

_runs: list[Run] = []
"""What this process is set up for: a contender lives in a process of its own, so that its threads disturb nobody."""

_clocks = [perf_counter]
"""One thread is measured in processor time, which other programs disturb less; several in wall time."""


def set_up(name: str, problem: Problem) -> None:
    """Prepare a contender in this process and let it warm up; with one thread, on one processor."""
    _clocks[:] = [process_time if problem.threads == 1 else perf_counter]
    if problem.threads == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _runs[:] = [CONTENDERS[name](problem)]
    _runs[0]()


def time_steps(steps: int) -> float:
    """The seconds a step takes, as a mean over one run of `steps`."""
    clock = _clocks[0]
    started = clock()
    _runs[0]()
    return (clock() - started) / steps
