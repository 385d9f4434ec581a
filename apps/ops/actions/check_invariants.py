"""Check what must always be true of the desk's books."""

from __future__ import annotations

from typing import Any, Final

import structlog

from apps.ops.actions.beat_heart import beat_heart
from apps.ops.actions.note_findings import Found, note_findings
from apps.ops.queries import invariants, violations

log = structlog.get_logger(__name__)
SAMPLE: Final = 10


def check_invariants() -> dict[str, Any]:
    """Return `{"violations": n, "checks": {name: rows}, "found": {name: up to ten rows}}`.

    The result is kept as the last one, and a finding stays open for as long as rows break it.
    """
    found = [
        Found(name, rule[0], *violations(rule, sample=SAMPLE))
        for name, rule in sorted(invariants().items())
    ]
    broken = [item for item in found if item.rows]
    checks = {item.name: item.rows for item in found}
    beat_heart(name="invariants", detail={"violations": sum(checks.values()), "checks": checks})
    note_findings(found=broken)
    if broken:
        log.error("invariants.broken", **{i.name.replace(".", "_"): i.rows for i in broken})
    samples = {item.name: item.sample for item in broken}
    return {"violations": sum(checks.values()), "checks": checks, "found": samples}
