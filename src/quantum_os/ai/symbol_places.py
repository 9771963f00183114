"""Where the symbols of an event stand among all ever seen, looked up once, not every bar."""


class SymbolPlaces:
    """Places in a growing list of symbols; a cache of what the list says, and nothing more.

    An event's symbols hardly ever change, so their places are kept until they do.
    """

    def __init__(self) -> None:
        self._asked: tuple[str, ...] = ()
        self._known: list[str] = []
        self._count = 0
        self._places: list[int] = []

    def of(self, symbols: tuple[str, ...], known: list[str]) -> list[int]:
        """Gives the place of each symbol in `known`; -1 for one that is not there."""
        is_same_list = (
            known is self._known and len(known) == self._count
        )  # a restore brings another
        if symbols != self._asked or not is_same_list:
            place = {symbol: row for row, symbol in enumerate(known)}
            self._places = [place.get(symbol, -1) for symbol in symbols]
            self._asked, self._known, self._count = symbols, known, len(known)
        return self._places


def unseen(symbols: tuple[str, ...], known: list[str]) -> list[str]:
    """Lists the symbols that `known` does not hold yet, in their order."""
    if len(symbols) <= len(known) and list(symbols) == known[: len(symbols)]:
        return []
    seen = set(known)
    return [symbol for symbol in symbols if symbol not in seen]
