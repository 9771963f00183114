"""Which voters take part in a replay: those that did then, unchanged, wherever they are now."""

from quantum_os.ai.voter import Voter
from quantum_os.ai.voter_card import VoterError
from quantum_os.ai.voter_search import find_voters
from quantum_os.cli.console import refuse
from quantum_os.lineup import VOTERS, Plan, voters_of


def voters_then(plan: Plan, moved: tuple[str, ...]) -> tuple[Voter, ...]:
    """Gives the voters of a plan, or refuses; `moved` names those that lie elsewhere now."""
    try:
        found = {each.card.name: each for each in find_voters(moved, VOTERS)} if moved else {}
        strangers = found.keys() - {card.name for card in plan.voters}
        if strangers:
            refuse(f"--voter: {', '.join(sorted(strangers))} took no part in this run")
        return voters_of(plan, found)
    except VoterError as error:
        refuse(str(error))
