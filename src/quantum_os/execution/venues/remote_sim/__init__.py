"""EDGE. The simulated venue in a process of its own, and the edges that trade with it.

The protocol, version 2, over one stream socket (loopback TCP or a unix socket):

 1. A frame is 4 bytes of length (big-endian) and a msgpack array [kind, seq, ts, stream, payload].
 2. The client begins with `hello`: version, the last venue fact it has, whether it wants to trade,
    the epoch of its life. A newer epoch takes over from an older one, which is cut; an older one is
    refused for good.
 3. The server answers `welcome` (venue, time, market, first and last fact kept) or `refused`.
 4. Then come the `fact`s since the one named, each once and in order, and `live`.
 5. From there on everything comes as it happens: `market` and `mark` (due timers fire), `fact`.
 6. The client sends `command` (leverage, order, cancel), `list` (a snapshot), `query` (one order).
 7. `listing` answers the one, `answer` the other: the venue's last word, or that it never came.
 8. Facts are numbered 1, 2, 3 without gaps; listings and answers have no number and no history.
 9. In lockstep the client says `ack` with the count of frames it has worked off, its own commands
    sent before; the next input of the market waits until that count is the count of frames sent.
10. `end` says that the market is over; the account can still be asked. One client trades at a time;
    without one the market and the venue go on, and the next client finds what has happened.
"""
