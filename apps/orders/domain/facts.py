"""What a venue said as plain JSON with a digest, so that the same news is stored once.

Only what the venue says about the order or the execution counts: where and when we heard it does
not, so that a stream and a poll telling the same give the same digest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.core.domain.money import plain
from apps.venues.domain.reports import FillReport, OrderReport


@dataclass(frozen=True, slots=True)
class Fact:
    """One normalised fact; `content` holds Decimals as text."""

    kind: str
    client_order_id: str
    venue_order_id: str
    content: dict[str, Any]
    digest: str


def order_fact(report: OrderReport) -> Fact:
    """Return an order's state as a fact. The report's time is left out: venues disagree on it."""
    content = {
        "client_order_id": report.client_order_id,
        "venue_order_id": report.venue_order_id,
        "symbol": report.symbol,
        "status": report.status,
        "side": report.side,
        "type": report.type,
        "amount": plain(report.amount),
        "filled": plain(report.filled),
    }
    if report.triggered_id:
        content["triggered_id"] = report.triggered_id
    return _fact("order", report.client_order_id, report.venue_order_id, content)


def fill_fact(report: FillReport) -> Fact:
    """Return an execution as a fact; its digest is its identity at the venue.

    Some answers name our id beside a fill and some do not, so it stays out of the digest.
    """
    content = {
        "client_order_id": report.client_order_id,
        "venue_order_id": report.venue_order_id,
        "venue_trade_id": report.venue_trade_id,
        "symbol": report.symbol,
        "side": report.side,
        "price": plain(report.price),
        "amount": plain(report.amount),
        "cost": plain(report.cost),
        "fee": plain(report.fee),
        "fee_asset": report.fee_asset,
        "liquidity": report.liquidity,
        "at_ms": report.at_ms,
    } | _of_perpetuals(report)
    hashed = {key: value for key, value in content.items() if key != "client_order_id"}
    return _fact("fill", report.client_order_id, report.venue_order_id, content, hashed)


def _of_perpetuals(report: FillReport) -> dict[str, Any]:
    """Return what only perpetuals say; left out where unsaid, so spot facts stay what they were."""
    said: dict[str, Any] = {}
    if report.realised is not None:
        said["realised"] = plain(report.realised)
    if report.position_side:
        said["position_side"] = report.position_side
    if report.is_liquidation:
        said["is_liquidation"] = True
    return said


def number(content: dict[str, Any], name: str) -> Decimal:
    """Return a Decimal that a fact holds as text."""
    return Decimal(content[name])


def _fact(
    kind: str,
    client_order_id: str,
    venue_order_id: str,
    content: dict[str, Any],
    hashed: dict[str, Any] | None = None,
) -> Fact:
    text = json.dumps([kind, hashed or content], sort_keys=True, separators=(",", ":"))
    return Fact(
        kind, client_order_id, venue_order_id, content, hashlib.sha256(text.encode()).hexdigest()
    )
