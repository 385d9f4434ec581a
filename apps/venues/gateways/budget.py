"""The rate budget that all processes share: request weight per address, orders per key.

Token buckets live in Redis and are changed by one Lua script. Redis carries no business: when it
cannot be reached, entries wait for it, while reads and exits go on with a small bucket of this
process, so that risk can always be reduced.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

import redis.asyncio
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from apps.venues.gateways.errors import RateLimited
from apps.venues.gateways.families.base import Budget

log = structlog.get_logger(__name__)

# KEYS: bucket, back-off. ARGV: capacity, refill per second, wanted, floor, partial (0 or 1).
# The server's clock counts, so that processes agree. Returns granted and the seconds to wait.
TAKE: Final = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local pause = tonumber(redis.call('GET', KEYS[2]) or '0')
if pause > now then return {0, tostring(pause - now)} end
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, floor = tonumber(ARGV[3]), tonumber(ARGV[4])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1] or capacity)
tokens = math.min(capacity, tokens + math.max(0, now - tonumber(bucket[2] or now)) * rate)
local free = math.max(0, tokens - floor)
local granted = wanted
if free < wanted then
    granted = ARGV[5] == '1' and math.floor(free) or 0
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - granted), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 120000)
local wait = 0
if granted < wanted then
    local goal = ARGV[5] == '1' and granted + 1 or math.min(wanted, capacity - floor)
    wait = (goal + floor - tokens) / rate
end
return {granted, tostring(math.max(0, wait))}
"""
BACK_OFF: Final = """
local t = redis.call('TIME')
local till = tonumber(t[1]) + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or '0') then
    redis.call('SET', KEYS[1], tostring(till), 'PX', math.ceil(tonumber(ARGV[1]) * 1000) + 1000)
end
return 1
"""
REDIS_TIMEOUT_SECONDS: Final = 0.5
READ_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Admission:
    """How many order calls may go out now; `wait` in seconds until more may."""

    entries: int
    exits: int
    wait: float = 0.0


@dataclass(slots=True)
class LocalBucket:
    """A bucket of this process alone, a tenth of the shared one."""

    capacity: float
    per_second: float
    tokens: float
    at: float = field(default_factory=time.monotonic)

    def take(self, wanted: int) -> int:
        """Return how many of `wanted` tokens are granted: as many as there are."""
        now = time.monotonic()
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        granted = min(wanted, int(self.tokens))
        self.tokens -= granted
        return granted


class RateBudget:
    """The budget of one key at one address. Cancels and reductions may use the reserved share."""

    def __init__(self, limits: Budget, *, address: str, key: str) -> None:
        self._limits = limits
        prefix = f"{settings.REDIS_PREFIX}:budget"
        self._weight_key = f"{prefix}:weight:{address}"
        self._orders_key = f"{prefix}:orders:{address}:{key}"
        self._pause_key = f"{prefix}:pause:{address}:{key}"
        self._paused_until = 0.0
        orders = max(1.0, limits.orders_per_10_seconds / 10)
        weight = max(20.0, limits.weight_per_minute / 10)
        self._local_exits = LocalBucket(orders, orders / 10, orders)
        self._local_weight = LocalBucket(weight, weight / 60, weight)
        self._redis: Any = None

    async def wait_for_read(self, weight: int) -> None:
        """Take `weight`, waiting for it.

        :raises RateLimited: `BUDGET_SPENT` when it would take longer than 30 s.
        """
        deadline = time.monotonic() + READ_PATIENCE_SECONDS
        while True:
            granted, wait = await self._take_weight(weight)
            if granted:
                return
            if time.monotonic() + wait > deadline:
                raise RateLimited(retry_after=wait, reason="BUDGET_SPENT")
            await asyncio.sleep(max(0.01, wait))

    async def admit_orders(self, *, entries: int, exits: int) -> Admission:
        """Take order tokens, exits first; return how many of each may go, without waiting."""
        if (pause := self._paused_until - time.monotonic()) > 0:
            return Admission(0, 0, pause)
        capacity = self._limits.orders_per_10_seconds
        floor = int(capacity * self._limits.reserved_share)
        keys = [self._orders_key, self._pause_key]
        try:
            allowed_exits, wait = await self._run(keys, capacity, capacity / 10, exits, 0, 1)
            allowed, wait_entry = await self._run(keys, capacity, capacity / 10, entries, floor, 1)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("budget.unreachable", error=repr(error))
            return Admission(0, self._local_exits.take(exits), 1.0)
        return Admission(allowed, allowed_exits, max(wait, wait_entry))

    async def back_off(self, seconds: float) -> None:
        """Let nobody with this key at this address call before `seconds` have passed."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
        log.warning("budget.backs_off", seconds=seconds)
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await self._client().eval(BACK_OFF, 1, self._pause_key, seconds)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("budget.unreachable", error=repr(error))

    async def _take_weight(self, weight: int) -> tuple[int, float]:
        if (pause := self._paused_until - time.monotonic()) > 0:
            return 0, pause
        capacity = self._limits.weight_per_minute
        wanted = min(weight, capacity)
        try:
            return await self._run(
                [self._weight_key, self._pause_key], capacity, capacity / 60, wanted, 0, 0
            )
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("budget.unreachable", error=repr(error))
            return self._local_weight.take(weight), 1.0

    async def _run(self, keys: list[str], *arguments: float) -> tuple[int, float]:
        if not arguments[2]:
            return 0, 0.0
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            granted, wait = await self._client().eval(TAKE, 2, *keys, *arguments)
        return int(granted), float(wait)

    def _client(self) -> Any:
        # made on the loop that uses it
        if self._redis is None:
            self._redis = redis.asyncio.Redis.from_url(settings.REDIS_URL, decode_responses=True)
        return self._redis

    async def close(self) -> None:
        """Close the connection."""
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None
