"""mlpcli: a command-line experiment runner for multilayer perceptrons, on NumPy."""

__version__ = "0.2.0"
