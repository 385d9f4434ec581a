"""The audit, read only."""

from __future__ import annotations

from apps.api.base import DeskSerializer, ReadResource
from apps.audit.models import AuditEvent


class AuditEventSerializer(DeskSerializer):
    """One audit row."""

    class Meta:
        model = AuditEvent
        fields = [
            "seq", "at", "actor_kind", "actor_id", "actor_name", "actor_role", "verb", "object_type",
            "object_id", "object_name", "before", "after", "reason", "request_id", "correlation_id",
            "address", "change_request_id",
        ]  # fmt: skip


class AuditEvents(ReadResource):
    """Who changed what, when and why, newest first."""

    needs = {"read": "view_audit"}
    queryset = AuditEvent.objects.all()
    serializer_class = AuditEventSerializer
    ordering = "-seq"
    filterset_fields = {
        "verb": ["exact"], "actor_name": ["exact"], "object_type": ["exact"], "object_id": ["exact"],
        "at": ["gte", "lt"], "change_request_id": ["exact"],
    }  # fmt: skip
