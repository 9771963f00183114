"""What fails where nobody looks is found: a deed of the play that raised was never done at all."""

from quantum_os.simulator.play import Play

SECONDS = 120


def broken() -> None:
    raise LookupError("nobody looks")


def test_a_callback_that_raised_is_a_violation() -> None:
    play = Play(2, chaos_s=SECONDS)
    play.world.loop.call_later(SECONDS / 2, broken)
    (violation,) = play.played().violations
    assert violation.name == "unheard failure"
    assert "nobody looks" in violation.text


def test_a_whole_play_leaves_nothing_unheard() -> None:
    assert Play(2, chaos_s=SECONDS).played().violations == ()
