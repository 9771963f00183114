"""The compiler stays away until a block is asked for."""

import subprocess
import sys

STEP = """
import sys
import numpy as np
from quantum_os.formulas.kernels.atr import AtrKernel
from quantum_os.formulas.kernels.bar_features import feature_state_new, features_of_bar
from quantum_os.formulas.kernels.regime_kernel import evidence_of_close, regime_state_new
one = np.ones(2)
AtrKernel(2).step(one, one, one)
features_of_bar(feature_state_new(2), np.ones((5, 2)))
evidence_of_close(regime_state_new(2), one)
sys.exit("numba" in sys.modules)
"""


def test_a_live_step_loads_no_compiler() -> None:
    assert subprocess.run([sys.executable, "-c", STEP], check=False).returncode == 0
