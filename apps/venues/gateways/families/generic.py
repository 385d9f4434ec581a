"""Any exchange ccxt knows: public reads, no orders. The start of a new family."""

from __future__ import annotations

from apps.venues.gateways.families.base import Family

FAMILY = Family(name="generic")
