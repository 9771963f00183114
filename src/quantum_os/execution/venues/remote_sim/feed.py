"""EDGE. What the market of the remote venue says, as its server plays it."""

from typing import ClassVar

from quantum_os.execution.venues.remote_sim.client import FEED, FEED_EVENTS, VENUE, Client
from quantum_os.kernel.edge import Edge, EdgeContext, Heard


class RemoteFeed(Edge):
    """Offers the server's market and, for the venue beside it, the server's facts.

    One reader serves both, so that they keep the order in which the server said them. The end of
    the server's market is the end of the run.
    """

    name = FEED
    produces = frozenset(FEED_EVENTS)
    ends_run: ClassVar[bool] = True

    def __init__(self, client: Client) -> None:
        self._client = client

    def go_on(self, heard: Heard) -> None:
        """What the venue said is asked for from the last of its facts that is journaled."""
        self._client.seen = sum(heard.inputs.get(VENUE, {}).values())

    async def run(self, context: EdgeContext) -> None:
        await self._client.listen(context.lanes)

    async def stop(self) -> None:
        self._client.close()
