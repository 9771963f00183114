"""A line-up computes what its voters read, and no more."""

import msgspec
import numpy as np
import pytest

from quantum_os.ai.checked_voter import BadVote
from quantum_os.ai.feature_needs import groups_read
from quantum_os.ai.voter import FeatureFrame, Prediction, sides
from quantum_os.ai.voter_contract import kept_contract
from quantum_os.formulas.kernels.feature_groups import Group
from quantum_os.lineup import VOTERS


class Asking(msgspec.Struct, frozen=True):
    reads: tuple[str, ...]


def test_rules_read_single_bars_alone() -> None:
    assert groups_read(VOTERS) == (Group.BAR,)


def test_what_a_voter_reads_is_computed() -> None:
    wanted = groups_read((*VOTERS, Asking(("btc_beta", "x4_gap_atr", "rsi_14"))))

    assert wanted == (Group.BAR, Group.AGGREGATE, Group.REFERENCE)


def test_a_feature_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError, match="no feature 'moon'"):
        groups_read((Asking(("moon",)),))


class Follower(msgspec.Struct, frozen=True):
    """A foreign voter that reads more than single bars."""

    name: str = "follower"
    version: str = "1"
    reads: tuple[str, ...] = ("btc_beta",)

    def predict(self, frame: FeatureFrame) -> Prediction:
        beta = frame["btc_beta"]
        return sides(beta > 1.0, np.less(beta, -1.0))


class Greedy(Follower, frozen=True):
    reads: tuple[str, ...] = ("moon",)


class Silent(Follower, frozen=True):
    """Reads the same and does not say so."""

    reads: tuple[str, ...] = ()


def test_a_foreign_voter_is_shown_what_it_says_it_reads() -> None:
    assert groups_read([kept_contract(Follower)]) == (Group.BAR, Group.REFERENCE)


def test_a_foreign_voter_that_reads_what_there_is_not_is_refused() -> None:
    with pytest.raises(BadVote, match="it reads 'moon', which is no feature"):
        kept_contract(Greedy)
    with pytest.raises(KeyError, match="no feature 'btc_beta'"):
        kept_contract(Silent)
