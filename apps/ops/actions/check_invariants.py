"""Check what must always be true of the desk's books."""

from __future__ import annotations

from typing import Any

import structlog

from apps.ops.actions.beat_heart import beat_heart
from apps.ops.queries import count_violations, invariants

log = structlog.get_logger(__name__)


def check_invariants() -> dict[str, Any]:
    """Return `{"violations": n, "checks": {name: rows that break it}}` and keep it as last result."""
    checks = {name: count_violations(rule) for name, rule in sorted(invariants().items())}
    result = {"violations": sum(checks.values()), "checks": checks}
    beat_heart(name="invariants", detail=result)
    if result["violations"]:
        broken = {name: count for name, count in checks.items() if count}
        log.error("invariants.broken", **{name.replace(".", "_"): n for name, n in broken.items()})
    return result
