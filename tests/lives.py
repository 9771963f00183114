"""How generated lives are lived: alike on every run of CI, and a planted bug found in as many."""

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

Machine = type[RuleBasedStateMachine]

_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


class LawBroken(AssertionError):
    """A law does not hold; the text is its name."""


def law(holds: bool, name: str) -> None:
    """Raises LawBroken by the law's name unless it holds."""
    if not holds:
        raise LawBroken(name)


def lived(lives: int, steps: int) -> settings:
    """So many lives of so many steps at most."""
    return settings(
        max_examples=lives, stateful_step_count=steps, deadline=None, suppress_health_check=_SLOW
    )


def law_broken_by(machine: Machine, load: settings) -> str:
    """Gives the law that a planted bug breaks within the lives that CI lives; fails if none is."""
    hunt = settings(
        load,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    try:
        run_state_machine_as_test(machine, settings=hunt)
    except LawBroken as broken:
        return str(broken)
    raise AssertionError(f"{load.max_examples} lives did not find the planted bug")
