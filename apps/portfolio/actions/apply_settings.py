"""Set leverage and margin mode at the venue, once, before a perpetual is first entered."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog
from django.db import connection

from apps.core.clock import now
from apps.venues import gateways
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials

log = structlog.get_logger(__name__)
CALL_SECONDS: Final = 15.0
# A setting that the venue refused is tried again after a minute. Of two bots that want different
# things the one whose slug comes first is heard; the other's entries are refused.
_WANTED: Final = """
SELECT DISTINCT ON (i.id) i.id, i.symbol, coalesce((c.sizing->>'leverage')::numeric, 1),
    coalesce(c.sizing->>'margin_mode', 'cross')
FROM bots_bot b
JOIN bots_botconfig c ON c.id = b.config_id
JOIN bots_botconfiginstrument x ON x.config_id = c.id
JOIN marketdata_instrument i ON i.id = x.instrument_id AND i.kind = 'linear'
LEFT JOIN portfolio_venuesetting s ON s.account_id = b.account_id AND s.instrument_id = i.id
WHERE b.account_id = %s AND b.state = 'running' AND b.archived_at IS NULL
    AND (s.id IS NULL OR (s.problem <> '' AND s.set_at < %s::timestamptz - interval '1 minute')
        OR ((s.leverage, s.margin_mode) IS DISTINCT FROM
                (coalesce((c.sizing->>'leverage')::numeric, 1),
                 coalesce(c.sizing->>'margin_mode', 'cross'))
            AND NOT EXISTS (SELECT FROM portfolio_position p
                WHERE p.account_id = b.account_id AND p.instrument_id = i.id AND p.amount <> 0)))
ORDER BY i.id, b.slug COLLATE "C"
"""
_STORE: Final = """
INSERT INTO portfolio_venuesetting (account_id, instrument_id, leverage, margin_mode, problem, set_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (account_id, instrument_id) DO UPDATE SET leverage = excluded.leverage,
    margin_mode = excluded.margin_mode, problem = excluded.problem, set_at = excluded.set_at
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    instrument_id: int
    symbol: str
    leverage: Decimal
    margin_mode: str


def apply_settings(*, account_id: UUID) -> int:
    """Bring the venue's settings of the account's perpetuals to what its running bots want.

    Returns how many were set. One that is set is not sent again; a held perpetual keeps its
    setting; a refusal is stored and refuses entries by its words.
    """
    wanted = _read(account_id)
    if not wanted:
        return 0
    gateway = gateways.gateway(credentials(account_id=account_id))
    mode = VenueAccount.objects.values_list("position_mode", flat=True).get(pk=account_id)
    done = 0
    for setting in wanted:
        problem = _set(gateway, setting, mode)
        if problem:
            log.error(
                "setting.refused", account=str(account_id), symbol=setting.symbol, why=problem
            )
        done += not problem
        with connection.cursor() as cursor:
            cursor.execute(
                _STORE,
                [
                    account_id, setting.instrument_id, setting.leverage, setting.margin_mode,
                    problem, now(),
                ],
            )  # fmt: skip
    return done


def _read(account_id: UUID) -> list[_Wanted]:
    with connection.cursor() as cursor:
        cursor.execute(_WANTED, [account_id, now()])
        return [_Wanted(*row) for row in cursor.fetchall()]


def _set(gateway: Gateway, wanted: _Wanted, position_mode: str) -> str:
    """Return why the venue is not set as wanted; nothing when it is."""
    try:
        if call(gateway.position_mode(), timeout=CALL_SECONDS) != position_mode:
            call(gateway.set_position_mode(position_mode), timeout=CALL_SECONDS)
        call(gateway.set_margin_mode(wanted.symbol, wanted.margin_mode), timeout=CALL_SECONDS)
        call(gateway.set_leverage(wanted.symbol, int(wanted.leverage)), timeout=CALL_SECONDS)
    except (VenueError, TimeoutError) as error:
        return f"{type(error).__name__}: {error}"[:200]
    return ""
