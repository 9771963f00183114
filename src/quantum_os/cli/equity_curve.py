"""How equity has gone, in one line of text."""

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-=^"
"""For a terminal that cannot show blocks."""

SAMPLES_MAX = 240
"""Samples kept; when there are more, every other one goes and sampling slows down by half."""


class EquityCurve:
    """The whole curve since it began, however long that is, in a bounded number of samples."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._every = 1
        self._seen = 0

    def note(self, equity: float) -> None:
        """Takes a sample, or passes it over when sampling has slowed down."""
        if self._seen % self._every == 0:
            self.samples.append(equity)
        self._seen += 1
        if len(self.samples) > SAMPLES_MAX:
            del self.samples[1::2]
            self._every *= 2

    def line(self, width: int, blocks: str = BLOCKS) -> str:
        """Draws the curve from its lowest to its highest sample, at most `width` characters."""
        if not self.samples:
            return ""
        shown = _thinned(self.samples, width)
        low, high = min(shown), max(shown)
        scale = (len(blocks) - 1) / (high - low) if high > low else 0.0
        return "".join(blocks[round((value - low) * scale)] for value in shown)


def _thinned(samples: list[float], width: int) -> list[float]:
    """Takes `width` samples evenly, the last one always among them."""
    count = len(samples)
    if count <= width:
        return samples
    return [samples[(place + 1) * count // width - 1] for place in range(width)]
