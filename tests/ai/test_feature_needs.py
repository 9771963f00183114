"""A line-up computes what its voters read, and no more."""

import msgspec
import pytest

from quantum_os.ai.feature_needs import groups_read
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
