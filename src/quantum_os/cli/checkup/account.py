"""Whether keys can do what a venue needs, and no more: each answer of the account as one check."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

from quantum_os.cli.checkup.finding import Finding, fail, ok, skipped, warn
from quantum_os.cli.venue_staging import dialect_of
from quantum_os.events.execution import Leg, OrderKind, OrderRequested
from quantum_os.events.market import Instrument
from quantum_os.events.units import Mode, Ns, Price, Qty, Side
from quantum_os.exchange.client import open_client
from quantum_os.exchange.endpoint import Endpoint, Realm
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import measure_clock
from quantum_os.exchange.session import open_session
from quantum_os.exchange.venue_clock import DRIFT_MAX_MS
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.dialect import Dialect, VenueRefused
from quantum_os.formulas.rounding import decimal_of, floor_to_step

STOP_AWAY = 0.5
"""Where the test stop is placed, as a share of the price: not to be reached within a second."""

TIMES_THE_LEAST = 4
"""How many times the least order the test stop is worth, at its trigger twice the least still."""

CLOCK_LOOKS = 3
"""How often the venue is asked for its time: the first answer waits for the connection too."""

STOP_NAME = "doctor-stop"
"""What a test stop is called, with the time behind it: a venue may take a name but once."""


async def check_account(keys: Keys, endpoint: Endpoint, symbols: Sequence[str]) -> list[Finding]:
    """Asks the account of the keys; on testnet and the emulator a stop is placed and cancelled.

    A check that is not passed is the last one where the others would be asked in vain.
    """
    line = Line()
    async with open_session(endpoint) as session:
        client = open_client(keys.venue, endpoint, session, line, keys)
        try:
            return await _Account(client, line, endpoint.realm, keys.venue, symbols).checked()
        finally:
            await client.close()


class _Account:
    """One account under examination, by the requests that a run makes too."""

    def __init__(
        self, client: Any, line: Line, realm: Realm, venue: str, symbols: Sequence[str]
    ) -> None:
        self._client, self._line, self._realm = client, line, realm
        self._symbols = tuple(symbols)
        self._dialect: Dialect = dialect_of(venue, realm)
        self._attempts = Attempts(self._dialect, line)
        self._instruments: dict[str, Instrument] = {}

    async def checked(self) -> list[Finding]:
        clock = await self._clock()
        if clock.verdict == "fail":
            return [clock]
        found = [clock, await self._funds()]
        if found[-1].verdict == "fail":
            return found
        for check in (self._rights, self._modes, self._limits, self._stop):
            found.append(await check())
        return found

    async def _clock(self) -> Finding:
        """What is signed is stamped by this clock."""
        asked: Any = None
        for _ in range(CLOCK_LOOKS):
            asked = await self._asked("account clock", lambda: measure_clock(self._client))
            if isinstance(asked, Finding):
                return asked
        if abs(asked) > DRIFT_MAX_MS and self._realm is not Realm.EMULATOR:
            return fail("account clock", f"{asked:+.0f} ms from ours: set this machine's clock")
        return ok("account clock", f"{asked:+.0f} ms from ours")

    async def _funds(self) -> Finding:
        shown = await self._asked("account", lambda: self._dialect.list_account(self._client))
        if isinstance(shown, Finding):
            return fail("account", f"the keys do not open it: {shown.found}")
        held, resting = len(shown.positions), len(shown.orders)
        return ok("account", f"{shown.wallet:,.2f} USDT, {held} positions, {resting} orders")

    async def _rights(self) -> Finding:
        try:
            _, unasked = await self._attempts.make(self._dialect.check_permissions(self._client))
        except VenueRefused as error:
            return fail("permissions", str(error))
        if unasked is None:
            return fail("permissions", "the venue does not say what the key may do")
        return warn("permissions", unasked) if unasked else ok("permissions", "no withdrawals")

    async def _modes(self) -> Finding:
        """Only looks: a start sets what is not set, as long as nothing is held."""
        seen = await self._asked(
            "account mode", lambda: self._dialect.look_at_modes(self._client, self._symbols)
        )
        if isinstance(seen, Finding):
            return seen
        if seen.refused:
            return fail("account mode", seen.refused)
        changes = [
            f"{what} ({', '.join(names)})"
            for what, names in (("hedge mode", seen.hedged), ("cross margin", seen.crossed))
            if names
        ]
        if changes:
            told = "a start sets one-way mode and isolated margin, if nothing is held"
            return warn("account mode", f"{' and '.join(changes)}: {told}")
        return ok("account mode", "one-way, isolated margin")

    async def _limits(self) -> Finding:
        """Filters and risk limits as this account has them: an entry needs both."""
        listed = await self._asked(
            "risk limits", lambda: self._dialect.list_instruments(self._client)
        )
        if isinstance(listed, Finding):
            return listed
        self._instruments = {each.symbol: each for each in listed if each.symbol in self._symbols}
        missing = [symbol for symbol in self._symbols if symbol not in self._instruments]
        if len(missing) == len(self._symbols):
            return fail("risk limits", "the venue shows none of the contracts")
        most = max(each.brackets[0].leverage_max for each in self._instruments.values())
        found = f"of {len(self._instruments)} contracts, up to {most}x"
        if missing:
            return warn("risk limits", f"{found}; none of {', '.join(missing)}")
        return ok("risk limits", found)

    async def _stop(self) -> Finding:
        """Places a stop as a run does, takes it back, and looks that it is gone."""
        if self._realm is Realm.PRODUCTION:
            return skipped("stop", "no order is placed with real money")
        symbol = next((each for each in self._symbols if each in self._instruments), "")
        if not symbol:
            return skipped("stop", "no contract is known well enough")
        ticker = await self._asked("stop", lambda: self._client.fetch_ticker(symbol))
        if isinstance(ticker, Finding):
            return ticker
        order = self._test_stop(self._instruments[symbol], float(ticker["last"]))
        placed = await self._asked("stop", lambda: self._dialect.place(self._client, order))
        taken = await self._asked(
            "stop",
            lambda: self._dialect.cancel(self._client, order.client_id, symbol, conditional=True),
        )
        left = await self._asked("stop", lambda: self._dialect.list_account(self._client))
        for each, what in ((placed, "placed"), (taken, "cancelled"), (left, "looked for")):
            if isinstance(each, Finding):
                return fail("stop", f"could not be {what}: {each.found}")
        if any(each.client_id == order.client_id for each in left.orders):
            return fail("stop", f"{order.client_id} still rests at {symbol} after its cancel")
        return ok("stop", f"placed and cancelled at {symbol}")

    def _test_stop(self, instrument: Instrument, price: float) -> OrderRequested:
        now = self._line.clock.now_ns()
        worth = Decimal(instrument.min_notional) * TIMES_THE_LEAST / decimal_of(price)
        above = floor_to_step(worth, instrument.step) + instrument.step
        return OrderRequested(
            venue=self._dialect.venue,
            mode=Mode.TESTNET,
            client_id=f"{STOP_NAME}-{now // 1_000_000}",
            symbol=instrument.symbol,
            leg=Leg.STOP,
            kind=OrderKind.STOP_MARKET,
            side=Side.SELL,
            qty=Qty(max(instrument.min_qty, above)),
            reduce_only=False,
            created=Ns(now),
            trigger=Price(floor_to_step(decimal_of(price * STOP_AWAY), instrument.tick)),
        )

    async def _asked(self, check: str, request: Callable[[], Awaitable[Any]]) -> Any:
        """The answer, or the check as failed with what the venue said instead.

        A request refused for its stamp is made once more by a clock measured anew, as a run does.
        """
        ruling, value = await self._attempts.make(request())
        if ruling.code in self._dialect.consequences.clock:
            self._line.clock.forget()
            await self._attempts.make(measure_clock(self._client))
            ruling, value = await self._attempts.make(request())
        if value is not None:
            return value
        why = f"{ruling.code} {ruling.reason}".strip()
        return fail(check, why[:160] or "an answer that makes no sense")
