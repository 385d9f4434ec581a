"""Groups of orders: pairs of exits and brackets."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.api.idempotency import once
from apps.api.resources.manual import GroupInput, PlacedSerializer, WhyInput, answer, is_dry
from apps.orders.actions.cancel_orders import cancel_group
from apps.orders.models import OrderGroup
from apps.trading.actions.place_group import place_group

DRY_RUN = OpenApiParameter("dry_run", bool, description="say what would happen, do nothing")


class OrderGroupSerializer(DeskSerializer):
    """A group with its orders."""

    bot = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    symbol = serializers.CharField(source="instrument.symbol", read_only=True)
    orders = serializers.PrimaryKeyRelatedField[Any](many=True, read_only=True)

    class Meta:
        model = OrderGroup
        fields = [
            "id", "bot", "account", "symbol", "kind", "state", "is_native", "side", "terms",
            "venue_list_id", "requested_by", "reason", "orders", "created_at", "ended_at",
        ]  # fmt: skip


class OrderGroups(ReadResource):
    """Groups, newest first."""

    needs = {"read": "view_desk", "create": "place_orders", "destroy": "close_positions"}
    queryset = OrderGroup.objects.select_related("bot", "account", "instrument").prefetch_related(
        "orders"
    )
    serializer_class = OrderGroupSerializer
    ordering = ("-created_at", "-id")
    filterset_fields = {
        "bot__slug": ["exact"], "account__slug": ["exact"], "instrument__symbol": ["exact"],
        "state": ["exact"], "kind": ["exact"],
    }  # fmt: skip

    @extend_schema(request=GroupInput, parameters=[DRY_RUN], responses={201: PlacedSerializer})
    def create(self, request: Request) -> Response:
        """Place a pair of exits, or an entry with its exits."""
        form = GroupInput(data=request.data)
        form.is_valid(raise_exception=True)
        bot_id, terms = form.terms(request)
        reason = form.validated_data["reason"]

        def act() -> Response:
            return answer(
                place_group(
                    actor=self.actor(), bot_id=bot_id, terms=terms, reason=reason,
                    dry_run=is_dry(request),
                )
            )  # fmt: skip

        return act() if is_dry(request) else once(request, act)

    @extend_schema(request=WhyInput, responses={202: OrderGroupSerializer})
    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Take the group's terms away and cancel its entry and target; the stop stays."""
        group = self.get_object()
        form = WhyInput(data=request.data)
        form.is_valid(raise_exception=True)

        def act() -> Response:
            reason = form.validated_data["reason"]
            cancel_group(actor=self.actor(), group_id=group.id, reason=reason)
            found = self.get_queryset().get(pk=group.pk)
            return Response(OrderGroupSerializer(found).data, status=202)

        return once(request, act)
