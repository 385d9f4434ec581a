"""Answers kept for repeated calls."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.core.fields import DeskModel


class KeptAnswer(DeskModel):
    """The first answer to an `Idempotency-Key`; the same call gets it again, another body 422."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=80)
    fingerprint = models.CharField(
        max_length=64, help_text="SHA-256 of method, path, query and body."
    )
    status = models.PositiveSmallIntegerField(
        null=True, help_text="Null while the call is running."
    )
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once")]

    def __str__(self) -> str:
        return self.key
