"""Throttles and quotas: how many requests a minute and units a day a key, and its tenant, may use.

The counts are in the broker's Valkey, one for all processes. They protect the platform from overload and the other
tenants from a neighbour; what may be done at all is the gate's business. So an unreachable broker stops nobody: each
process then counts for itself, with the same limits.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.core.cache import caches
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.context import Actor, tenant_scope
from common.errors import QuotaExceeded
from common.problems import Throttled
from traffic.models import Allowance

logger = logging.getLogger(__name__)

# How long a changed allowance may take to be noticed.
_REMEMBER_SECONDS: Final = 10
# A broker that does not answer is left alone for so long, so that requests do not wait for it one after the other.
_PAUSE_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Limits:
    """What somebody may use; 0: no limit."""

    requests_per_minute: int
    units_per_day: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may use, and the units left of the day that began with the first; None: no limit."""

    limits: Limits
    units_left: int | None


@dataclass(frozen=True, slots=True)
class _Counters:
    minute: RateLimiter
    day: RateLimiter


@dataclass(slots=True)
class _Health:
    broken_until: float = 0.0


_health = _Health()


def admit(actor: Actor) -> None:
    """Count one request, one unit, for the key and for its tenant.

    Raises:
        Throttled: too many in this minute.
        QuotaExceeded: too much today.
    """
    key, tenant = _limits_of(actor)
    for limits, whose in ((key, f"key:{actor.id}"), (tenant, f"tenant:{actor.tenant_id}")):
        if limits.requests_per_minute:
            _hit_minute(limits.requests_per_minute, whose=whose)
    charge(actor, units=1)


def charge(actor: Actor, *, units: int) -> None:
    """Count units: one for each request, one more for each picture beyond its first.

    Raises:
        QuotaExceeded: too much today.
    """
    key, tenant = _limits_of(actor)
    for limits, whose in ((key, f"key:{actor.id}"), (tenant, f"tenant:{actor.tenant_id}")):
        if limits.units_per_day and units > 0:
            _hit_day(limits.units_per_day, whose=whose, units=units)


def standing_of_tenant(actor: Actor) -> Standing:
    """Return what the actor's tenant may use, and how much of the day's units is left, as the counters say now."""
    _, limits = _limits_of(actor)
    if not limits.units_per_day:
        return Standing(limits, None)
    item = RateLimitItemPerDay(limits.units_per_day)
    for counters in _usable_counters():
        try:
            remaining = int(counters.day.get_window_stats(item, f"tenant:{actor.tenant_id}").remaining)
        except StorageError:
            _rest_from_the_broker()
        else:
            return Standing(limits, remaining)
    return Standing(limits, None)


def default_limits(*, is_key: bool) -> Limits:
    """Return what the platform lets a key, or a tenant, use that has no allowance of its own."""
    if is_key:
        return Limits(settings.CUSTOS_KEY_REQUESTS_PER_MINUTE, settings.CUSTOS_KEY_UNITS_PER_DAY)
    return Limits(settings.CUSTOS_TENANT_REQUESTS_PER_MINUTE, settings.CUSTOS_TENANT_UNITS_PER_DAY)


def forget() -> None:
    """Let changed allowances take effect in this process now."""
    caches["process"].clear()


def _hit_minute(amount: int, *, whose: str) -> None:
    item = RateLimitItemPerMinute(amount)
    retry_after = _hit(item, whose=whose, cost=1, daily=False)
    if retry_after is not None:
        raise Throttled(f"At most {amount:,} requests a minute are accepted.", retry_after=retry_after)


def _hit_day(amount: int, *, whose: str, units: int) -> None:
    item = RateLimitItemPerDay(amount)
    retry_after = _hit(item, whose=whose, cost=units, daily=True)
    if retry_after is not None:
        raise QuotaExceeded(f"At most {amount:,} units a day are accepted.", retry_after=retry_after)


def _hit(item: RateLimitItem, *, whose: str, cost: int, daily: bool) -> int | None:
    """Count; None when that is within the limit, else after how many seconds to come back."""
    for counters in _usable_counters():
        limiter = counters.day if daily else counters.minute
        try:
            if limiter.hit(item, whose, cost=cost):
                return None
            reset = limiter.get_window_stats(item, whose).reset_time
            return max(1, math.ceil(reset - time.time()))
        except StorageError:
            _rest_from_the_broker()
    return None


def _rest_from_the_broker() -> None:
    _health.broken_until = time.monotonic() + _PAUSE_SECONDS
    logger.warning("the broker does not count requests; this process does, for a while", exc_info=True)


def _usable_counters() -> Iterator[_Counters]:
    url = settings.CELERY_BROKER_URL or ""
    if url.startswith(("redis://", "rediss://")) and time.monotonic() >= _health.broken_until:
        yield _shared_counters(url)
    yield _own_counters()


@lru_cache(maxsize=2)
def _shared_counters(url: str) -> _Counters:
    connections = ConnectionPool.from_url(
        url,
        socket_timeout=_CONNECT_SECONDS,
        socket_connect_timeout=_CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),  # the client's own would keep a request waiting for seconds
    )
    storage = RedisStorage(url, connection_pool=connections, key_prefix="custos-traffic", wrap_exceptions=True)
    return _Counters(SlidingWindowCounterRateLimiter(storage), FixedWindowRateLimiter(storage))


@lru_cache(maxsize=1)
def _own_counters() -> _Counters:
    storage = MemoryStorage()
    return _Counters(SlidingWindowCounterRateLimiter(storage), FixedWindowRateLimiter(storage))


def _limits_of(actor: Actor) -> tuple[Limits, Limits]:
    """Return what the key and what its tenant may use."""
    remembered = caches["process"].get_or_set(
        f"allowances:{actor.tenant_id}", lambda: _read(actor.tenant_id), _REMEMBER_SECONDS
    )
    rows: dict[uuid.UUID | None, Limits] = remembered or {}
    return rows.get(actor.id, default_limits(is_key=True)), rows.get(None, default_limits(is_key=False))


def _read(tenant_id: uuid.UUID) -> dict[uuid.UUID | None, Limits]:
    """Return the tenant's own allowances; where one leaves a limit open, the platform's default holds."""
    with tenant_scope(tenant_id):
        rows = list(Allowance.objects.filter(tenant_id=tenant_id))
    found = {}
    for row in rows:
        usual = default_limits(is_key=row.actor_id is not None)
        found[row.actor_id] = Limits(
            usual.requests_per_minute if row.requests_per_minute is None else row.requests_per_minute,
            usual.units_per_day if row.units_per_day is None else row.units_per_day,
        )
    return found
