"""The append-only record. Actors and objects are text: audit knows nobody."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One change or act: who, what, before, after, why. Never updated, never deleted."""

    seq = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor_kind = models.CharField(max_length=8)
    actor_id = models.CharField(max_length=64)
    actor_name = models.CharField(max_length=150)
    actor_role = models.CharField(max_length=64, blank=True)
    verb = models.CharField(max_length=64, db_index=True)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    correlation_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    change_request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-seq"]
        indexes = [models.Index(fields=["object_type", "object_id", "-seq"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb} {self.object_name or self.object_id}"
