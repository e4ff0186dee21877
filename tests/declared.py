"""Lets scripts touch only the keys that they were given: on a cluster, others may be on another server.

A cluster itself refuses keys of another slot only; all keys of a festival are in one, so it would not notice.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ticketing.allocation.rush import scripts

GUARD = """
local real, declared = redis, {}
for _, key in ipairs(KEYS) do
    declared[key] = true
end
local KEYLESS, TWO_KEYS = {TIME = true, INFO = true}, {RENAME = true}
local function of_declared_keys(command, ...)
    local name = string.upper(command)
    for place = 1, KEYLESS[name] and 0 or TWO_KEYS[name] and 2 or 1 do
        local key = select(place, ...)
        if not declared[key] then
            error({err = 'ERR a script touched ' .. tostring(key) .. ', which is not in its KEYS'})
        end
    end
    return real.call(command, ...)
end
local redis = {call = of_declared_keys, error_reply = real.error_reply}
"""


@contextmanager
def only_declared_keys() -> Iterator[None]:
    """Run every script of this process under guard while the block runs."""
    plain = scripts.whole
    scripts.whole = lambda name: GUARD + plain(name)
    scripts.script.cache_clear()
    try:
        yield
    finally:
        scripts.whole = plain
        scripts.script.cache_clear()
