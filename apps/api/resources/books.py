"""Balances by our own ledger, and reconciliation cases."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.api.base import DeskSerializer, ReadResource
from apps.portfolio.models import Balance
from apps.reconciliation.models import Case


class BalanceSerializer(DeskSerializer):
    """An account's holding of one asset."""

    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Balance
        fields = ["account", "asset", "amount", "updated_at"]


class Balances(ReadResource):
    """What each account holds by our books."""

    queryset = Balance.objects.select_related("account")
    serializer_class = BalanceSerializer
    ordering = ("account__slug", "asset")
    filterset_fields = {"account__slug": ["exact"], "asset": ["exact"]}


class CaseSerializer(DeskSerializer):
    """A difference between our books and the venue's."""

    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Case
        fields = [
            "id", "account", "kind", "severity", "subject", "state", "book", "venue", "cause",
            "resolution", "opened_at", "seen_at", "closed_at",
        ]  # fmt: skip


class Cases(ReadResource):
    """Cases, newest first."""

    needs = {"read": "view_operations"}
    queryset = Case.objects.select_related("account")
    serializer_class = CaseSerializer
    ordering = ("-opened_at", "-id")
    filterset_fields = {
        "account__slug": ["exact"],
        "state": ["exact"],
        "kind": ["exact"],
        "severity": ["exact"],
    }
