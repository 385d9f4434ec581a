"""Orders, fills and positions."""

from __future__ import annotations

from typing import Any

from django.db.models import ExpressionWrapper, F, OuterRef, Subquery
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.api.caller import person
from apps.api.fields import MoneyText
from apps.api.idempotency import once
from apps.api.resources.manual import (
    AmendInput,
    CancelBatchInput,
    OrderInput,
    PlacedSerializer,
    WhyInput,
    answer,
    is_dry,
    request_id,
)
from apps.api.resources.order_groups import DRY_RUN
from apps.bots.models import Bot
from apps.core.errors import NotFound
from apps.core.fields import MoneyField
from apps.golive.actions.order_by_hand import order_by_hand
from apps.orders.actions.cancel_orders import cancel_orders
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.models import Fill, Order, OrderEvent
from apps.portfolio.models import Position, VenuePosition
from apps.trading.actions.amend_order import NewTerms, amend_order
from apps.trading.actions.close_position import close_position


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
            "trailing_rate", "worst_price", "expires_at", "position_side", "origin", "requested_by",
            "reason", "group", "replaces", "is_amendment", "status", "status_reason", "filled", "cost", "arrival_price", "verdict", "cycle_at",
            "decided_at", "submitted_at", "acknowledged_at", "first_fill_at", "ended_at",
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


class CancelledSerializer(serializers.Serializer[Any]):
    """The orders that were asked to be cancelled."""

    orders = serializers.ListField(child=serializers.UUIDField())
    dry_run = serializers.BooleanField()


class Orders(ReadResource):
    """Orders, newest first."""

    needs = {
        "read": "view_desk", "create": "place_orders", "partial_update": "place_orders",
        "cancel": "close_positions", "cancel_batch": "close_positions",
    }  # fmt: skip
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

    @extend_schema(
        request=OrderInput,
        parameters=[DRY_RUN],
        responses={201: PlacedSerializer, 202: PlacedSerializer},
    )
    def create(self, request: Request) -> Response:
        """Place an order by hand: judged and sent as any other; a refusal says what would pass.

        An entry on real money answers 202 with the change request that asks for a second person.
        """
        form = OrderInput(data=request.data)
        form.is_valid(raise_exception=True)
        bot_id, terms = form.terms(request)
        reason = form.validated_data["reason"]

        def act() -> Response:
            return answer(
                order_by_hand(
                    actor=self.actor(), user=person(request), bot_id=bot_id, terms=terms,
                    reason=reason, dry_run=is_dry(request),
                )
            )  # fmt: skip

        return act() if is_dry(request) else once(request, act)

    @extend_schema(request=AmendInput, parameters=[DRY_RUN], responses={201: PlacedSerializer})
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Amend an open order: a new order row with the new terms replaces it."""
        order = self.get_object()
        form = AmendInput(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = dict(form.validated_data)
        reason = wanted.pop("reason")

        def act() -> Response:
            return answer(
                amend_order(
                    actor=self.actor(), order_id=order.id, terms=NewTerms(**wanted), reason=reason,
                    dry_run=is_dry(request),
                )
            )  # fmt: skip

        return act() if is_dry(request) else once(request, act)

    @extend_schema(request=CancelBatchInput, parameters=[DRY_RUN], responses={202: CancelledSerializer})  # fmt: skip
    @action(detail=False, methods=["post"], url_path="cancel-batch")
    def cancel_batch(self, request: Request) -> Response:
        """Cancel orders by name, or all of a bot but its protective ones."""
        form = CancelBatchInput(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        bot_id = None
        if wanted["bot"]:
            bot_id = Bot.objects.filter(slug=wanted["bot"]).values_list("id", flat=True).first()
            if bot_id is None:
                raise NotFound("UNKNOWN_BOT", field="bot", value=wanted["bot"])

        def act() -> Response:
            ids = cancel_orders(
                actor=self.actor(), reason=wanted["reason"], order_ids=wanted["order_ids"],
                bot_id=bot_id, dry_run=is_dry(request),
            )  # fmt: skip
            body = {"orders": [str(i) for i in ids], "dry_run": is_dry(request)}
            return Response(body, status=200 if is_dry(request) else 202)

        return act() if is_dry(request) else once(request, act)

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
            "price", "amount", "cost", "fee", "fee_asset", "realised", "is_liquidation", "at",
            "recorded_at",
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
    """What a bot holds of an instrument; of a perpetual also what its venue says of it."""

    bot = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    symbol = serializers.CharField(source="instrument.symbol", read_only=True)

    kind = serializers.CharField(source="instrument.kind", read_only=True)
    side = serializers.SerializerMethodField(help_text="long, short or flat")
    mark_price = MoneyText(read_only=True, allow_null=True)
    liquidation_price = MoneyText(read_only=True, allow_null=True)
    leverage = MoneyText(read_only=True, allow_null=True)

    def get_side(self, position: Position) -> str:
        """Return the side by the sign of what is held."""
        if abs(position.amount) < position.instrument.amount_step:
            return "flat"
        return "long" if position.amount > 0 else "short"

    class Meta:
        model = Position
        fields = [
            "id", "bot", "account", "symbol", "kind", "side", "amount", "basis", "realised_profit",
            "fees", "funding", "mark_price", "liquidation_price", "leverage", "round_trips",
            "opened_at", "updated_at",
        ]  # fmt: skip


# The venue's row of the same side: in one-way mode it speaks of all that the account holds.
_AT_VENUE = VenuePosition.objects.annotate(
    same=ExpressionWrapper(F("amount") * OuterRef("amount"), output_field=MoneyField())
).filter(same__gt=0, account_id=OuterRef("account_id"), instrument_id=OuterRef("instrument_id"))


class Positions(ReadResource):
    """Positions by bot and instrument."""

    needs = {"read": "view_desk", "close": "close_positions"}
    queryset = Position.objects.select_related("bot", "account", "instrument").annotate(
        mark_price=Subquery(_AT_VENUE.values("mark_price")[:1]),
        liquidation_price=Subquery(_AT_VENUE.values("liquidation_price")[:1]),
        leverage=Subquery(_AT_VENUE.values("leverage")[:1]),
    )
    serializer_class = PositionSerializer
    filterset_fields = {
        "bot__slug": ["exact"],
        "account__slug": ["exact"],
        "instrument__symbol": ["exact"],
    }

    @extend_schema(request=WhyInput, parameters=[DRY_RUN], responses={201: PlacedSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str | None = None) -> Response:
        """Sell all that the bot holds of it, at market with the bot's slippage guard."""
        position = self.get_object()
        form = WhyInput(data=request.data)
        form.is_valid(raise_exception=True)

        def act() -> Response:
            return answer(
                close_position(
                    actor=self.actor(), bot_id=position.bot_id, dry_run=is_dry(request),
                    instrument_id=position.instrument_id, reason=form.validated_data["reason"],
                    request_id=request_id(request),
                )
            )  # fmt: skip

        return act() if is_dry(request) else once(request, act)
