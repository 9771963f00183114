"""Laws of an account at the emulator, whatever it does: books, ids and states never contradict."""

import asyncio
from contextlib import suppress
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.exchange import Login
from quantum_os.emulator.opening import Opening, open_emulator
from quantum_os.emulator.order_form import read_form
from quantum_os.emulator.orders import OPEN
from quantum_os.emulator.refusals import Refused
from tests.emulator.emulated import SYMBOL

EXAMPLES = 25
LOGINS = tuple(Login(f"K{n}", "S", Decimal(3_000)) for n in range(EXAMPLES * 4))

SIDES = st.sampled_from(["BUY", "SELL"])
QTYS = st.sampled_from(["0.002", "0.010", "0.050", "0.300"])
FLAGS = st.sampled_from(["true", "false"])
SHARES = st.floats(0.97, 1.03)
TIFS = st.sampled_from(["GTC", "IOC", "FOK", "GTX"])
ALGOS = st.sampled_from(["STOP_MARKET", "TAKE_PROFIT_MARKET", "STOP", "TRAILING_STOP_MARKET"])
PLACES = st.integers(0, 9)

DEEDS = st.one_of(
    st.tuples(st.just("market"), SIDES, QTYS, FLAGS),
    st.tuples(st.just("limit"), SIDES, QTYS, FLAGS, SHARES, TIFS),
    st.tuples(st.just("algo"), SIDES, QTYS, FLAGS, SHARES, ALGOS),
    st.tuples(st.just("cancel"), PLACES),
    st.tuples(st.just("cancel_algo"), PLACES),
    st.tuples(st.just("amend"), PLACES, QTYS, SHARES),
    st.tuples(st.just("margin"), st.sampled_from(["20", "-10"])),
    st.tuples(st.just("wait"), st.integers(1, 90)),
)


class World:
    """One venue for all examples; each example has an account of its own."""

    def __init__(self) -> None:
        opening = Opening(logins=LOGINS, pace=0.0, seed=11)
        self.server = open_emulator(opening)
        self.exchange = self.server.exchange
        self._next = count()

    def account(self) -> TradingAccount:
        return self.exchange.accounts[f"K{next(self._next) % len(LOGINS)}"]

    def price(self, share: float) -> str:
        return f"{self.exchange.market.symbols[SYMBOL].mark * share:.1f}"

    def do(self, account: TradingAccount, deed: tuple[Any, ...]) -> None:
        kind, *what = deed
        resting, waiting = account.open_orders(), account.open_algos()
        if kind == "wait":
            asyncio.run(self.server.player.step(what[0] * 60_000_000_000))
        elif kind == "margin":
            account.host.move_margin(SYMBOL, Decimal(what[0]))
            account.ledger.positions[SYMBOL].margin += Decimal(what[0])
        elif kind == "cancel" and resting:
            self.exchange.orders.cancel(account, resting[what[0] % len(resting)])
        elif kind == "cancel_algo" and waiting:
            self.exchange.algos.cancel(account, waiting[what[0] % len(waiting)])
        elif kind == "amend" and resting:
            order = resting[what[0] % len(resting)]
            price = Decimal(self.price(what[2]))
            self.exchange.orders.amend(account, order, Decimal(what[1]), price)
        elif kind in ("market", "limit", "algo"):
            self._place(account, kind, what)

    def _place(self, account: TradingAccount, kind: str, what: list[Any]) -> None:
        params = {"symbol": "BTCUSDT", "side": what[0], "quantity": what[1], "type": kind.upper()}
        params["reduceOnly"] = what[2]
        if kind == "limit":
            params |= {"price": self.price(what[3]), "timeInForce": what[4]}
        elif kind == "algo":
            params |= {"triggerPrice": self.price(what[3]), "type": what[4]}
            params |= {"callbackRate": "0.4", "price": self.price(what[3])}
        form = read_form(params, self.exchange.contracts, is_algo=kind == "algo")
        if kind == "algo":
            self.exchange.algos.place(account, form)
        else:
            self.exchange.orders.place(account, form)


WORLD = World()


class Witness:
    """Follows an account's user stream, and what it says must never contradict itself."""

    def __init__(self, account: TradingAccount) -> None:
        self.account = account
        self.filled: dict[int, Decimal] = {}
        self.ended: set[int] = set()
        self.trades: dict[int, Decimal] = {}
        account.say = self.hear

    def hear(self, name: str, body: Any) -> None:
        if name != "ORDER_TRADE_UPDATE":
            return
        order = body["o"]
        number, cum = order["i"], Decimal(order["z"])
        assert number not in self.ended, "an order that has ended says nothing more"
        assert cum >= self.filled.get(number, Decimal(0)), "what is filled stays filled"
        if order["x"] in ("TRADE", "CALCULATED"):
            assert order["t"] not in self.trades, "a trade is told once"
            self.trades[order["t"]] = Decimal(order["l"])
            assert cum == self.filled.get(number, Decimal(0)) + Decimal(order["l"])
        self.filled[number] = cum
        if order["X"] not in OPEN:
            self.ended.add(number)

    def check(self) -> None:
        account = self.account
        core, ledger = account.host.account, account.ledger
        assert (core.wallet, core.fees) == (ledger.wallet, ledger.fees)
        assert {s: (p.qty, p.margin) for s, p in core.positions.items()} == {
            s: (p.qty, p.margin) for s, p in ledger.positions.items()
        }
        booked = sum((income.amount for income in account.incomes), Decimal(0))
        assert booked == ledger.wallet
        assert {t.trade_id for t in account.trades} == set(self.trades), "every trade was told"
        resting = {o.client_id for book in account.host.books.values() for o in book.orders}
        assert resting == {o.key for o in account.open_orders()}
        assert ledger.free() >= 0


@settings(max_examples=EXAMPLES)
@given(st.lists(DEEDS, min_size=3, max_size=25))
def test_whatever_an_account_does_its_books_agree(deeds: list[tuple[Any, ...]]) -> None:
    account = WORLD.account()
    witness = Witness(account)
    for deed in deeds:
        held = account.ledger.positions.get(SYMBOL)
        before = held.qty if held is not None else Decimal(0)
        with suppress(Refused):
            WORLD.do(account, deed)
        witness.check()
        if deed[0] in ("market", "limit") and deed[3] == "true":
            held = account.ledger.positions.get(SYMBOL)
            after = held.qty if held is not None else Decimal(0)
            assert abs(after) <= abs(before), "reduce-only never enlarges"
            assert before * after >= 0, "and never turns a position round"
