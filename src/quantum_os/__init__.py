"""Quantum OS: a hedge fund in one process."""

import os

__version__ = "0.1.0"

# Before numpy is loaded, whoever loads it. A fund's matrices are small: the second thread of a
# product takes longer to wake than the product, and on a busy machine the bar waits for it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
