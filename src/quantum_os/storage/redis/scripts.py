"""What happens on the server in one step: nothing is written unless the mirror is still ours.

A script is refused whole when memory is full or the disk fails, its writes reach an append-only
file as one transaction, and nothing comes between its look at `quantum:meta` and its writes.
"""

from collections.abc import Sequence
from enum import StrEnum

from quantum_os.storage.redis.link import Lost

_FENCE = """#!lua
local held = redis.call('HMGET', KEYS[1], 'instance', 'epoch', 'mirrored')
for place = 1, 3 do
  if (held[place] or '') ~= ARGV[place] then
    return {'changed', tostring(held[1]), tostring(held[2]), tostring(held[3])}
  end
end
"""
"""Compares instance, epoch and watermark with what the caller believes; '' is none."""

CLAIM = (
    _FENCE
    + """
redis.call('HSET', KEYS[1], 'instance', ARGV[4], 'epoch', ARGV[5], 'mirrored', ARGV[6],
  'schema', ARGV[7])
if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'plan', ARGV[8]) end
return {'done'}
"""
)
"""Makes the mirror ours: ARGV 4 to 8 are the new instance, epoch, watermark, schema and plan."""

APPEND = (
    _FENCE
    + """
local at = 6 + ARGV[5]
for place = 6, at - 1 do
  if redis.call('EXISTS', ARGV[place]) == 0 then return {'gone', ARGV[place]} end
end
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local answer = redis.pcall('XADD', unpack(ARGV, at + 1, at + count))
  if type(answer) == 'table' and answer.err then return {'stuck', ARGV[at + 1], answer.err} end
  at = at + count + 1
end
redis.call('HSET', KEYS[1], 'mirrored', ARGV[4])
return {'done'}
"""
)
"""Appends entries and moves the watermark to ARGV 4.

ARGV 5 counts the keys that follow, each of which must still be there; then come the entries, each
behind the count of its words (key, id, name, value, ...).
"""

TRIM = (
    _FENCE
    + """
local removed = 0
for at = 4, #ARGV, 3 do
  removed = removed + redis.call('XTRIM', ARGV[at], ARGV[at + 1], '~', ARGV[at + 2])
end
return {'done', removed}
"""
)
"""Trims each key (ARGV 4, 7, ...) by MINID or MAXLEN (5, 8, ...) to a bound (6, 9, ...)."""


class Outcome(StrEnum):
    """How a script ended; only `DONE` has written all it was asked to."""

    DONE = "done"
    CHANGED = "changed"
    GONE = "gone"
    STUCK = "stuck"


def done(answer: Sequence[bytes | int]) -> int:
    """Gives what a step counted; raises Lost when it was not done: then Redis has to be read anew.

    That is so after a FLUSHALL, a deleted key, a restored dump or another writer.
    """
    outcome, *told = (
        each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in answer
    )
    if outcome != Outcome.DONE:
        raise Lost(f"Redis is not as the mirror left it: {outcome} {told}")
    return int(told[0]) if told else 0
