"""The hash of the kernels names one state of their sources."""

from quantum_os.formulas.kernels.sources import sources_hash


def test_it_is_short_and_stays() -> None:
    assert len(sources_hash()) == 16
    assert int(sources_hash(), 16) >= 0
    assert sources_hash() == sources_hash()
