"""What the frame of every page shows; nothing is read until a template asks for it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.core.clock import now
from apps.dashboard.access import Rights, rights_of
from apps.dashboard.queries.frame import Frame, read_frame

# address, word, permission, key of its counter
NAVIGATION = (
    ("/", "Fleet", "view_desk", ""),
    ("/orders/", "Orders", "view_desk", ""),
    ("/fills/", "Fills", "view_desk", ""),
    ("/positions/", "Positions", "view_desk", ""),
    ("/risk/", "Risk", "view_desk", ""),
    ("/approvals/", "Approvals", "view_desk", "frame.approvals"),
    ("/reconcile/", "Reconcile", "view_operations", "frame.cases"),
    ("/audit/", "Audit", "view_audit", ""),
    ("/accounts/", "Accounts", "view_operations", ""),
    ("/system/", "System", "view_operations", ""),
    ("/admin/", "Admin", "manage_settings", ""),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the values of the page frame."""
    user = getattr(request, "user", None)
    if user is None:
        return {}
    return {
        "frame": SimpleLazyObject(_frame_of(request)),
        "rights": SimpleLazyObject(lambda: rights_of(user)),
        "navigation": SimpleLazyObject(lambda: navigation(request.path, rights_of(user))),
        "rendered_at": now(),
    }


def navigation(path: str, rights: Rights) -> list[dict[str, Any]]:
    """Return the entries that this person may open; the one being shown is marked."""
    return [
        {
            "address": address,
            "word": word,
            "counter": counter,
            "is_current": path == address or (address != "/" and path.startswith(address))
            or (address == "/" and path.startswith("/bots/")),
        }
        for address, word, permission, counter in NAVIGATION
        if permission in rights
    ]  # fmt: skip


def _frame_of(request: HttpRequest) -> Any:
    def read() -> Frame:
        kept = getattr(request, "_desk_frame", None)
        if kept is None:
            kept = read_frame()
            request._desk_frame = kept  # type: ignore[attr-defined]
        return kept

    return read
