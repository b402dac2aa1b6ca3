"""The sweep benchmark's trials with PyTorch, eager, one process a core and one thread each."""

import multiprocessing
import os
import sys

RATES = (0.0, 0.1, 0.2, 0.5)


def trial(task: tuple[int, int, int, int]) -> list[tuple[int, int, float]]:
    """Train one network, scored on validation rows after every epoch."""
    import numpy as np
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    torch.set_num_threads(1)
    number, epochs, width, depth = task
    torch.manual_seed(number // len(RATES))
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    inputs = torch.from_numpy((x / 16).astype(np.float32)[order])
    labels = torch.from_numpy(y[order])
    x_train, y_train, x_val, y_val = inputs[:1257], labels[:1257], inputs[1257:1437], labels[1257:1437]
    layers: list[nn.Module] = []
    size = 64
    for _ in range(depth):
        layers += [nn.Linear(size, width), nn.ReLU(), nn.Dropout(RATES[number % len(RATES)])]
        size = width
    network = nn.Sequential(*layers, nn.Linear(size, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.005)
    loss = nn.CrossEntropyLoss()
    rows = []
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in torch.randperm(len(x_train)).split(32):
            optimizer.zero_grad()
            loss(network(x_train[batch]), y_train[batch]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            rows.append((number, epoch, (network(x_val).argmax(1) == y_val).float().mean().item()))
    return rows


if __name__ == "__main__":
    trials, epochs, width, depth, out = (
        int(sys.argv[1]),
        int(sys.argv[2]),
        int(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5],
    )
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        found = pool.map(trial, [(number, epochs, width, depth) for number in range(trials)], chunksize=1)
    with open(out, "w") as file:
        file.writelines(f"{number},{epoch},{score}\n" for rows in found for number, epoch, score in rows)
