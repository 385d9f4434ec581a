"""Admin pages of approvals: change requests, votes and who wrote them."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from apps.approvals.models import ChangeRequest, ContentEdit, Vote
from apps.core.admin import RecordAdmin, badge


@admin.register(ChangeRequest)
class ChangeRequestAdmin(RecordAdmin):
    """ChangeRequests, read only."""

    group = "Govern"
    list_display = (
        "reference",
        "title",
        "state_badge",
        "requested_by",
        "approvals_needed",
        "created_at",
        "expires_at",
    )
    list_filter = ("state", "kind", "created_at")
    search_fields = ("title", "subject_name")
    list_select_related = ("requested_by",)

    @admin.display(description="state", ordering="state")
    def state_badge(self, row: ChangeRequest) -> SafeString:
        """Glyph and word."""
        return badge(row.state)


@admin.register(Vote)
class VoteAdmin(RecordAdmin):
    """Votes, read only."""

    group = "Govern"
    list_display = ("at", "request", "user", "role", "decision_badge", "comment")
    list_filter = ("decision", "at")
    list_select_related = ("request", "user")

    @admin.display(description="decision", ordering="decision")
    def decision_badge(self, row: Vote) -> SafeString:
        """Glyph and word."""
        return badge(row.decision)


@admin.register(ContentEdit)
class ContentEditAdmin(RecordAdmin):
    """ContentEdits, read only."""

    group = "Govern"
    list_display = ("at", "request", "user", "what")
    list_select_related = ("request", "user")
