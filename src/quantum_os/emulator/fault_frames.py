"""EDGE. What becomes of the frames of a stream that a fault strikes."""

import asyncio
from collections.abc import Iterable

from quantum_os.emulator.fault_rules import FRAMES, Kind, Rule, RuleBook
from quantum_os.emulator.sockets import Frame, Socket
from quantum_os.kernel.chance import generator

HOLD_S = 1.0
"""Wall seconds after which a shuffled hand is dealt though it is not full."""

HAND = 4
"""Frames that are shuffled together where the rule does not say."""


class FrameFaults:
    """Loses, doubles, delays, shuffles and replaces frames."""

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules
        self._hands: dict[int, list[tuple[Socket, Frame]]] = {}

    def __call__(self, socket: Socket, frame: Frame) -> Iterable[Frame]:
        if not self._rules.waits_for(FRAMES):
            return (frame,)
        struck = self._rules.strikes(FRAMES, lambda rule: strikes_frame(rule, socket, frame))
        for placed in struck:
            rule = placed.rule
            if rule.kind is Kind.LOSE:
                return ()
            if rule.kind is Kind.DUPLICATE:
                return (frame,) * max(2, rule.size)
            if rule.kind is Kind.REPLACE:
                return (Frame(frame.name, frame.symbol, rule.text or ""),)
            if rule.kind is Kind.DELAY:
                _later(rule.seconds or HOLD_S, socket, frame)
                return ()
            if rule.kind is Kind.SHUFFLE:
                self._hold(placed.number, rule, socket, frame)
                return ()
        return (frame,)

    def _hold(self, number: int, rule: Rule, socket: Socket, frame: Frame) -> None:
        hand = self._hands.setdefault(number, [])
        hand.append((socket, frame))
        if len(hand) >= (rule.size or HAND):
            self._deal(number, rule.seed)
        elif len(hand) == 1:
            wait = HOLD_S if rule.seconds is None else rule.seconds
            asyncio.get_running_loop().call_later(wait, self._deal, number, rule.seed)

    def _deal(self, number: int, seed: int) -> None:
        """Sends a hand in another order than it came; two are always swapped."""
        hand = self._hands.pop(number, [])
        order = generator(seed, "shuffle", str(number)).permutation(len(hand)).tolist()
        if order == sorted(order):
            order.reverse()
        for place in order:
            socket, frame = hand[place]
            socket.send(frame)


def strikes_frame(rule: Rule, socket: Socket, frame: Frame) -> bool:
    """Whether a rule is about this frame on this connection."""
    return (
        strikes_socket(rule, socket)
        and (rule.event is None or frame.name.startswith(rule.event))
        and rule.symbol in (None, frame.symbol)
        and (rule.contains is None or rule.contains in frame.text)
    )


def strikes_socket(rule: Rule, socket: Socket) -> bool:
    """Whether a rule is about this connection."""
    return rule.section in (None, socket.section.value) and rule.account in (None, socket.api_key)


def _later(seconds: float, socket: Socket, frame: Frame) -> None:
    asyncio.get_running_loop().call_later(seconds, socket.send, frame)
