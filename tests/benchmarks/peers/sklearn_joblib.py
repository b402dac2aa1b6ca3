"""The sweep benchmark's trials with scikit-learn's MLPClassifier and joblib on all cores; it has no dropout."""

import sys

from joblib import Parallel, delayed


def trial(seed: int, epochs: int, hidden: tuple[int, ...]) -> list[tuple[int, int, float]]:
    """Train one network, scored on validation rows after every epoch."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x, _, y, _ = train_test_split(x, y, test_size=360, random_state=0, stratify=y)
    x, x_val, y, y_val = train_test_split(x, y, test_size=180, random_state=0, stratify=y)
    network = MLPClassifier(hidden, batch_size=32, alpha=0.0, learning_rate_init=0.005, random_state=seed)
    rows = []
    for epoch in range(1, epochs + 1):
        network.partial_fit(x, y, classes=range(10))
        rows.append((seed, epoch, network.score(x_val, y_val)))
    return rows


if __name__ == "__main__":
    trials, epochs, width, depth, out = (
        int(sys.argv[1]),
        int(sys.argv[2]),
        int(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5],
    )
    found = Parallel(n_jobs=-1)(delayed(trial)(seed, epochs, (width,) * depth) for seed in range(trials))
    with open(out, "w") as file:
        file.writelines(f"{seed},{epoch},{score}\n" for rows in found for seed, epoch, score in rows)
