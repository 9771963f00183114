"""The frames that voters are tried on are as real ones are, and the built-in voters pass."""

import numpy as np
import pytest

from quantum_os.ai.voter import Voter
from quantum_os.ai.voter_contract import PROBES, kept_contract, probe, unknown
from quantum_os.formulas.kernels.feature_list import FEATURES
from quantum_os.lineup import VOTERS


@pytest.mark.parametrize("voter", VOTERS, ids=lambda voter: voter.name)
def test_the_built_in_voters_keep_it(voter: Voter) -> None:
    assert kept_contract(type(voter)).name == voter.name


@pytest.mark.parametrize("voter", VOTERS, ids=lambda voter: voter.name)
def test_the_frames_make_them_vote(voter: Voter) -> None:
    """Frames on which nobody votes would let every hidden state pass."""
    sides = [side for each in range(PROBES) for side in voter.predict(probe(each)).side]
    assert len(set(sides)) == 3, voter.name


def test_the_frames_hold_every_feature_and_some_holes() -> None:
    for each in range(PROBES):
        frame = probe(each)
        assert tuple(frame.values) == FEATURES
        holes = sum(int(np.isnan(column).sum()) for column in frame.values.values())
        assert (holes > 0) is bool(each % 2)
    assert all(np.isnan(column).all() for column in unknown().values.values())


def test_no_two_frames_are_alike() -> None:
    firsts = {tuple(probe(each)["zscore_20"].tolist()) for each in range(PROBES)}
    assert len(firsts) == PROBES
