"""Arrays on cache lines: theirs are the values and the ownership of NumPy's own, the address apart."""

import numpy as np
import pytest

from mlpcli.kernels.aligned import CACHE_LINE, aligned_empty, aligned_zeros


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (7, 5), (2, 3, 5), (100_003,)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_like_numpys_own(shape, dtype):
    for make, like in ((aligned_empty, np.empty), (aligned_zeros, np.zeros)):
        made, expected = make(shape, dtype), like(shape, dtype)
        assert (made.shape, made.dtype) == (expected.shape, expected.dtype)
        assert made.flags.c_contiguous and made.flags.writeable and made.flags.aligned
        assert made.ctypes.data % CACHE_LINE == 0
    assert not made.any()
