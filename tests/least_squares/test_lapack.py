"""The banded solver: the same numbers as scipy's, without blocking other threads."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from scipy.linalg import solveh_banded

from posenet3d_blender.arrays import Array
from posenet3d_blender.least_squares.lapack import solve_banded


def system(diagonals: int, size: int, sides: int) -> tuple[Array, Array]:
    generator = np.random.default_rng(0)
    band = generator.normal(scale=0.01, size=(diagonals, size))
    band[0] += 5.0
    return band, generator.normal(size=(size, sides))


def test_it_gives_the_same_bits_as_scipy() -> None:
    band, right = system(60, 900, 14)
    expected = solveh_banded(band, right, lower=True, check_finite=False)
    np.testing.assert_array_equal(solve_banded(band, right), expected)


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    band, right = system(4, 20, 1)
    band[0, 3] = -1.0
    with pytest.raises(np.linalg.LinAlgError, match="leading minor 4"):
        solve_banded(band, right)


def test_other_threads_run_meanwhile() -> None:
    band, right = system(450, 12000, 14)
    seconds: list[float] = []

    def work() -> None:
        start = time.perf_counter()
        solve_banded(band, right)
        seconds.append(time.perf_counter() - start)

    thread = threading.Thread(target=work)
    thread.start()
    longest, last = 0.0, time.perf_counter()
    while thread.is_alive():
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert longest < 0.5 * seconds[0], "the lock was held throughout"
