"""How a LightGBM model is read and asked through its C library, without its Python package.

The package would bring pandas and scikit-learn into the trading process; the library alone costs
some megabytes. It checks no argument: a wrong order returns success and garbage, so what is loaded
here is held against a stored vector before it serves (`ai/models/loading.py`).
"""

import ctypes
import functools
from importlib.machinery import PathFinder
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FLOAT64 = 1
_ROW_MAJOR = 1
_RAW_SCORE = 1
_CONTRIBUTIONS = 3
_ALL_TREES = (0, -1)
_ONE_THREAD = b"num_threads=1"
"""More threads would race with the trading loop, for rows that take microseconds."""

_NAMES = ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll", "Release/lib_lightgbm.dll")


class LightGbmFailed(RuntimeError):
    """The library is not there, or said what is wrong with a model or a call."""


class Booster:
    """One forest in the library's memory; freed with this object."""

    def __init__(self, text: bytes) -> None:
        self._library = _library()
        self._handle = ctypes.c_void_p()
        trees = ctypes.c_int()
        self._call(
            "LGBM_BoosterLoadModelFromString",
            ctypes.c_char_p(text),
            ctypes.byref(trees),
            ctypes.byref(self._handle),
        )
        self.trees = trees.value
        width = ctypes.c_int()
        self._call("LGBM_BoosterGetNumFeature", self._handle, ctypes.byref(width))
        self.width = width.value

    def raw_scores(self, x: Floats) -> Floats:
        """[rows]: log-odds of finite inputs [rows, width]."""
        return self._predict(x, _RAW_SCORE, 1)[:, 0]

    def contributions(self, x: Floats) -> Floats:
        """[rows, width + 1]: SHAP values of inputs, the expected value last."""
        return self._predict(x, _CONTRIBUTIONS, self.width + 1)

    def _predict(self, x: Floats, kind: int, columns: int) -> Floats:
        if x.ndim != 2 or x.shape[1] != self.width:
            raise LightGbmFailed(f"the forest takes {self.width} features, not {x.shape}")
        rows = np.ascontiguousarray(x, dtype=np.float64)
        given = np.empty((len(rows), columns), dtype=np.float64)
        if not len(rows):
            return given
        written = ctypes.c_int64()
        self._call(
            "LGBM_BoosterPredictForMat",
            self._handle,
            rows.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(_FLOAT64),
            ctypes.c_int32(rows.shape[0]),
            ctypes.c_int32(rows.shape[1]),
            ctypes.c_int(_ROW_MAJOR),
            ctypes.c_int(kind),
            ctypes.c_int(_ALL_TREES[0]),
            ctypes.c_int(_ALL_TREES[1]),
            ctypes.c_char_p(_ONE_THREAD),
            ctypes.byref(written),
            given.ctypes.data_as(ctypes.c_void_p),
        )
        if written.value != given.size:
            raise LightGbmFailed(f"LightGBM gave {written.value} numbers, not {given.size}")
        return given

    def _call(self, function: str, *arguments: object) -> None:
        if getattr(self._library, function)(*arguments) != 0:
            self._library.LGBM_GetLastError.restype = ctypes.c_char_p
            raise LightGbmFailed(self._library.LGBM_GetLastError().decode(errors="replace"))

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.LGBM_BoosterFree(self._handle)


@functools.cache
def _library() -> ctypes.CDLL:
    """Finds the library in the installed package, which is looked up and not imported."""
    found = PathFinder.find_spec("lightgbm")
    places = [] if found is None else list(found.submodule_search_locations or [])
    for place in places:
        for folder in (Path(place) / "lib", Path(place) / "bin", Path(place), Path(place).parent):
            for name in _NAMES:
                if (folder / name).is_file():
                    return _opened(folder / name)
    raise LightGbmFailed("LightGBM's C library is not installed: run the set-up again")


def _opened(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise LightGbmFailed(f"LightGBM's C library cannot be opened: {error}") from error
