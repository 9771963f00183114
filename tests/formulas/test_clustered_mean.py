"""A mean is as sure as its independent stretches are many, not as its values are."""

import numpy as np
import pytest

from quantum_os.formulas.clustered_mean import CLUSTERS_MIN, clustered_interval
from quantum_os.kernel.chance import generator


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = generator(5, "clustered")
    cluster = np.repeat(np.arange(30), 8)
    held = 0
    for _ in range(400):
        values = np.repeat(chance.normal(0.0, 1.0, 30), 8) + chance.normal(0.0, 0.3, 240)
        _, found = clustered_interval(values, cluster)
        assert found is not None
        held += found[0] <= 0.0 <= found[1]
    assert held / 400 == pytest.approx(0.95, abs=0.03)


def test_values_said_again_make_nothing_surer() -> None:
    values = generator(6, "clustered").normal(0.0, 1.0, 40)
    cluster = np.arange(40)
    once = clustered_interval(values, cluster)
    again = clustered_interval(np.repeat(values, 5), np.repeat(cluster, 5))
    assert once[1] is not None
    assert again[1] is not None
    assert again[1] == pytest.approx(once[1])


def test_few_stretches_have_no_interval() -> None:
    values = np.ones(1_000)
    assert clustered_interval(values, np.arange(1_000) % (CLUSTERS_MIN - 1)) == (1.0, None)
    with pytest.raises(ValueError, match="nothing"):
        clustered_interval(np.zeros(0), np.zeros(0, np.int64))
