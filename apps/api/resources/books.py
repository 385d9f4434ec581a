"""Balances by our own ledger."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.api.base import DeskSerializer, ReadResource
from apps.portfolio.models import Balance


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
