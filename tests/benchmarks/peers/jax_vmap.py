"""The sweep benchmark's trials with JAX: all replicas by vmap, an epoch by scan, compilation included."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

RATES = (0.0, 0.1, 0.2, 0.5)


def main(trials: int, epochs: int, width: int, depth: int, out: str) -> None:
    """Train all networks at once, scored on validation rows after every epoch."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = jnp.asarray((x / 16).astype(np.float32)[order]), jnp.asarray(y[order])
    x_train, y_train, x_val, y_val = x[:1257], y[:1257], x[1257:1437], y[1257:1437]
    sizes = (64, *(width,) * depth, 10)
    steps = len(x_train) // 32

    def init(key):
        keys = jax.random.split(key, len(sizes) - 1)
        return [
            (jax.random.normal(k, (a, b)) * jnp.sqrt(2 / a), jnp.zeros(b))
            for k, a, b in zip(keys, sizes, sizes[1:], strict=False)
        ]

    def forward(params, inputs, key, rate):
        h = inputs
        for index, (w, b) in enumerate(params[:-1]):
            h = jax.nn.relu(h @ w + b)
            if key is not None:
                keep = jax.random.bernoulli(jax.random.fold_in(key, index), 1 - rate, h.shape)
                h = jnp.where(keep, h / (1 - rate), 0)
        w, b = params[-1]
        return h @ w + b

    def loss(params, inputs, labels, key, rate):
        scores = forward(params, inputs, key, rate)
        return -jnp.mean(jax.nn.log_softmax(scores)[jnp.arange(len(labels)), labels])

    def step(carry, item):
        params, m, v, count, rate = carry
        batch, key = item
        grads = jax.grad(loss)(params, x_train[batch], y_train[batch], key, rate)
        count = count + 1
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, grads)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, grads)
        scale = 0.005 / (1 - 0.9**count)
        params = jax.tree.map(lambda p, a, b: p - scale * a / (jnp.sqrt(b / (1 - 0.999**count)) + 1e-8), params, m, v)
        return (params, m, v, count, rate), None

    def epoch(carry, key):
        order_key, mask_key = jax.random.split(key)
        batches = jax.random.permutation(order_key, len(x_train))[: steps * 32].reshape(steps, 32)
        carry, _ = jax.lax.scan(step, carry, (batches, jax.random.split(mask_key, steps)))
        score = jnp.mean(forward(carry[0], x_val, None, 0.0).argmax(-1) == y_val)
        return carry, score

    run = jax.jit(jax.vmap(epoch))
    keys = jax.vmap(jax.random.key)(jnp.arange(trials) // len(RATES))
    params = jax.vmap(init)(keys)
    zeros = jax.tree.map(jnp.zeros_like, params)
    rates = jnp.asarray([RATES[number % len(RATES)] for number in range(trials)])
    carry = (params, zeros, zeros, jnp.zeros(trials), rates)
    rows = []
    for index in range(epochs):
        carry, scores = run(carry, jax.vmap(lambda key, i=index: jax.random.fold_in(key, i))(keys))
        rows += [(number, index + 1, float(score)) for number, score in enumerate(np.asarray(scores))]
    with open(out, "w") as file:
        file.writelines(f"{number},{epoch},{score}\n" for number, epoch, score in rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]), sys.argv[5])
