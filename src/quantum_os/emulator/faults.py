"""EDGE. Where faults are handed in, and who carries each out."""

from aiohttp import web

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.algo_orders import AlgoOrder
from quantum_os.emulator.fault_deeds import Deeds
from quantum_os.emulator.fault_frames import FrameFaults, strikes_socket
from quantum_os.emulator.fault_requests import RequestFaults
from quantum_os.emulator.fault_rules import WAITING, Kind, Placed, Rule, RuleBook
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.server import EmulatorServer
from quantum_os.emulator.sockets import Section, Socket

_DOOR = frozenset({Kind.REFUSE_SOCKET})
_DEAF = frozenset({Kind.DEAF})
_CHILD = frozenset({Kind.CHILD_REJECTED})


class Faults:
    """The fault script of one emulator; it does nothing until a rule is added."""

    def __init__(self, server: EmulatorServer) -> None:
        self.rules = RuleBook()
        self._server = server
        self._deeds = Deeds(server)
        server.wire = RequestFaults(self.rules, server.gateway)
        server.hub.mangle = FrameFaults(self.rules)
        server.hub.on_connect = self._connects
        server.refuse_socket = self._refuses
        server.exchange.algos.refuse_child = self._child

    async def add(self, rule: Rule) -> Placed:
        """Keeps a rule, or does its deed; raises ValueError, and Refused by the venue itself."""
        if rule.kind in WAITING:
            return self.rules.add(rule)
        return Placed(0, rule, hits=await self._deeds.do(rule))

    def clear(self) -> None:
        """Forgets every rule, opens the door and puts the clock right; deeds stay done."""
        self.rules.clear()
        self._server.door.open()
        self._server.clock.drift(0)

    def _connects(self, socket: Socket) -> None:
        """A new connection may be deaf: what it subscribes to is confirmed and never comes."""
        if self.rules.strikes(_DEAF, lambda rule: strikes_socket(rule, socket)):
            socket.deaf = True

    def _refuses(self, http: web.Request, section: Section) -> web.Response | None:
        struck = self.rules.strikes(_DOOR, lambda rule: rule.section in (None, section.value))
        if not struck:
            return None
        return web.Response(status=int(struck[0].rule.status or 503))

    def _child(self, account: TradingAccount, order: AlgoOrder) -> Refused | None:
        name = account.contract(order.symbol).name
        struck = self.rules.strikes(
            _CHILD,
            lambda rule: (
                rule.symbol in (None, name)
                and rule.account in (None, account.key)
                and (rule.client_id is None or rule.client_id in order.client_id)
            ),
        )
        if not struck:
            return None
        rule = struck[0].rule
        return Refused(rule.code or -2022, text=rule.text)
