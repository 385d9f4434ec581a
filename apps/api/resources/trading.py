"""Orders, fills and positions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.api.idempotency import once
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.models import Fill, Order, OrderEvent
from apps.portfolio.models import Position


class OrderSerializer(DeskSerializer):
    """An order with its progress."""

    bot = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    symbol = serializers.CharField(source="instrument.symbol", read_only=True)

    class Meta:
        model = Order
        fields = [
            "id", "client_order_id", "venue_order_id", "bot", "account", "symbol", "purpose", "side",
            "type", "time_in_force", "post_only", "reduce_only", "amount", "price", "stop_price",
            "status", "status_reason", "filled", "cost", "arrival_price", "verdict", "cycle_at",
            "decided_at", "submitted_at", "acknowledged_at", "ended_at",
        ]  # fmt: skip


class OrderEventSerializer(DeskSerializer):
    """One step of an order's life."""

    class Meta:
        model = OrderEvent
        fields = ["at", "before", "after", "cause", "detail"]


class OrderDetailSerializer(OrderSerializer):
    """An order with the steps of its life."""

    events = OrderEventSerializer(many=True, read_only=True)

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "events"]


class Orders(ReadResource):
    """Orders, newest first."""

    needs = {"read": "view_desk", "cancel": "operate_bots"}
    queryset = Order.objects.select_related("bot", "account", "instrument")
    serializer_class = OrderSerializer
    ordering = ("-decided_at", "-id")
    filterset_fields = {
        "bot__slug": ["exact"], "account__slug": ["exact"], "instrument__symbol": ["exact"],
        "status": ["exact", "in"], "purpose": ["exact"], "side": ["exact"],
        "decided_at": ["gte", "lt"], "client_order_id": ["exact"],
    }  # fmt: skip

    def get_serializer_class(self) -> type[OrderSerializer]:
        """The single order comes with its events."""
        return OrderDetailSerializer if self.action == "retrieve" else OrderSerializer

    @extend_schema(request=None, responses={202: OrderSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Ask the venue to cancel; the answer shows the order as it is now."""
        order = self.get_object()

        def act() -> Response:
            request_cancels(order_ids=[order.id], actor=self.actor(), cause="api")
            order.refresh_from_db()
            return Response(OrderSerializer(order).data, status=202)

        return once(request, act)


class FillSerializer(DeskSerializer):
    """One execution."""

    bot = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    symbol = serializers.CharField(source="instrument.symbol", read_only=True)

    class Meta:
        model = Fill
        fields = [
            "id", "order", "bot", "symbol", "venue_order_id", "venue_trade_id", "side", "liquidity",
            "price", "amount", "cost", "fee", "fee_asset", "at", "recorded_at",
        ]  # fmt: skip


class Fills(ReadResource):
    """Executions, newest first."""

    queryset = Fill.objects.select_related("bot", "instrument")
    serializer_class = FillSerializer
    ordering = ("-at", "-id")
    filterset_fields = {
        "bot__slug": ["exact"], "instrument__symbol": ["exact"], "order": ["exact"], "at": ["gte", "lt"],
    }  # fmt: skip


class PositionSerializer(DeskSerializer):
    """What a bot holds of an instrument."""

    bot = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    symbol = serializers.CharField(source="instrument.symbol", read_only=True)

    class Meta:
        model = Position
        fields = [
            "id", "bot", "account", "symbol", "amount", "basis", "realised_profit", "fees",
            "round_trips", "opened_at", "updated_at",
        ]  # fmt: skip


class Positions(ReadResource):
    """Positions by bot and instrument."""

    queryset = Position.objects.select_related("bot", "account", "instrument")
    serializer_class = PositionSerializer
    filterset_fields = {
        "bot__slug": ["exact"],
        "account__slug": ["exact"],
        "instrument__symbol": ["exact"],
    }
