"""Elementwise passes over arrays, each as the NumPy lines it stands for and, where a compiler was at hand, in C.

The C twin, in `passes.h`, fuses the lines into one pass over memory and gives the same bits: it takes only operations
that IEEE 754 rounds exactly, in the order of the lines. `compiled.twin` picks it at import; `MLPCLI_KERNELS=0` in the
environment keeps to NumPy. A new pass is a function here, a function of the same name in `passes.h` and a row in the
table of `module.c`; `tests/kernels/test_conformance.py` has a row for it too. `python -m mlpcli.kernels.build_hook`
compiles the sources of a checkout; until then the NumPy lines run.
"""
