"""How well orders are executed: rolling per bot and account, and of one order."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.bots.models import Bot
from apps.orders.models import OrderQuality, QualityWatch
from apps.supervision.domain.execution import LAST_ORDERS, THRESHOLDS, WINDOW_HOURS
from apps.supervision.queries import rolling_quality
from apps.venues.models import VenueAccount


class RollingSerializer(serializers.Serializer[Any]):
    """The last orders of a bot or an account; `levels` tell how its measures stand."""

    scope = serializers.ChoiceField(choices=["bot", "account"])
    slug = serializers.CharField()
    sample = serializers.IntegerField()
    slippage_bps = serializers.FloatField(allow_null=True)
    submit_ms = serializers.FloatField(allow_null=True)
    acknowledge_ms = serializers.FloatField(allow_null=True)
    fill_ms = serializers.FloatField(allow_null=True)
    fill_ratio = serializers.FloatField(allow_null=True)
    reject_rate = serializers.FloatField(allow_null=True)
    levels = serializers.DictField(child=serializers.CharField())


class RollingAnswer(serializers.Serializer[Any]):
    """All rolling figures, the thresholds, and how many orders and hours they cover."""

    results = RollingSerializer(many=True)
    thresholds = serializers.DictField()
    last_orders = serializers.IntegerField()
    window_hours = serializers.IntegerField()


class OrderQualitySerializer(DeskSerializer):
    """One order's execution; slippage is positive when worse."""

    bot = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = OrderQuality
        fields = [
            "order", "bot", "status", "ended_at", "arrival_price", "average_price", "slippage_bps",
            "submit_ms", "acknowledge_ms", "fill_ms", "fill_ratio", "maker_share", "fee_bps",
        ]  # fmt: skip


class ExecutionQuality(ReadResource):
    """Execution quality; a single order's by its id."""

    queryset = OrderQuality.objects.select_related("bot")
    serializer_class = OrderQualitySerializer
    ordering = ("-ended_at", "-order_id")

    @extend_schema(responses={200: RollingAnswer})
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the rolling figures of every bot and account that has traded lately."""
        slugs = {
            ("bot", id_): slug for id_, slug in Bot.objects.values_list("id", "slug")
        } | {
            ("account", id_): slug for id_, slug in VenueAccount.objects.values_list("id", "slug")
        }  # fmt: skip
        levels: dict[Any, dict[str, str]] = {}
        for bot, measure, level in QualityWatch.objects.values_list("bot_id", "measure", "level"):
            levels.setdefault(("bot", bot), {})[measure] = level
        results = [
            {"scope": key[0], "slug": slugs[key], "levels": levels.get(key, {}), **asdict(rolling)}
            for key, rolling in rolling_quality().items()
        ]
        body = {
            "results": sorted(results, key=lambda row: (row["scope"], row["slug"])),
            "thresholds": {name: asdict(t) for name, t in THRESHOLDS.items()},
            "last_orders": LAST_ORDERS,
            "window_hours": WINDOW_HOURS,
        }
        return Response(RollingAnswer(body).data)
