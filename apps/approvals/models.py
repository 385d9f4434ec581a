"""Change requests and votes: four eyes for everything that widens risk."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.approvals.domain.states import OPEN, STATES
from apps.core.fields import DeskModel


class ChangeRequest(DeskModel):
    """A proposed change with its canonical content; every vote is for that content's hash."""

    number = models.PositiveIntegerField(unique=True)
    kind = models.CharField(max_length=32, help_text="bot.promote, limit.raise …")
    subject_type = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    subject_name = models.CharField(max_length=120)
    title = models.CharField(max_length=160)
    content = models.JSONField(help_text="What would be, in canonical form.")
    content_hash = models.CharField(max_length=64)
    before = models.JSONField(default=dict)
    reason = models.TextField()
    real_money = models.BooleanField(default=False)
    approvals_needed = models.PositiveSmallIntegerField()
    roles_needed = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=[(s, s) for s in STATES], default="in_review")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="change_requests"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["state", "-number"], name="change_state"),
            models.Index(fields=["subject_type", "subject_id"], name="change_subject"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id"],
                condition=models.Q(state__in=sorted(OPEN)),
                name="change_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"CR-{self.number:04d} {self.title}"

    @property
    def reference(self) -> str:
        """The number as people say it."""
        return f"CR-{self.number:04d}"


class ContentEdit(DeskModel):
    """Who wrote or edited any part of a request's content; none of them may vote."""

    request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="edits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    what = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "user", "what"], name="content_edit_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.what}"


class Vote(DeskModel):
    """One person's decision on one content hash."""

    request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="votes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    role = models.CharField(max_length=32)
    decision = models.CharField(
        max_length=8, choices=[("approve", "approve"), ("reject", "reject")]
    )
    comment = models.TextField()
    content_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["request", "user"], name="vote_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.decision}"
