"""How features become comparable inputs: centred, scaled, held within bounds and on the grid."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.core import BadParameters
from quantum_os.ai.models.exact_products import INPUT_STEP, held_on_grid

Floats = NDArray[np.float64]


class Scaling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The centre and the width of each feature among the rows that a model has seen."""

    centre: tuple[float, ...]
    width: tuple[float, ...]

    def checked(self, features: int) -> "Scaling":
        """Gives itself; raises BadParameters unless it has a finite place for each feature."""
        both = np.array([self.centre, self.width]) if len(self.centre) == len(self.width) else None
        if both is None or both.shape != (2, features):
            raise BadParameters(f"its scaling is not of {features} features")
        if not np.isfinite(both).all() or not (both[1] > 0).all():
            raise BadParameters("its scaling holds NaN, an infinity, or a width that is not > 0")
        return self

    def applied(self, x: Floats) -> Floats:
        """[..., F]: finite inputs on the grid of `exact_products`."""
        steps = x - np.array(self.centre)
        steps *= 1.0 / (np.array(self.width) * INPUT_STEP)
        return held_on_grid(steps)
