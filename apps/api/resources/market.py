"""Instruments and candles."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from apps.api.base import DeskSerializer, ReadResource
from apps.core.clock import from_ms
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import InvalidInput, NotFound
from apps.marketdata.models import Candle, Instrument

CANDLES_MAX = 1000


class InstrumentSerializer(DeskSerializer):
    """An instrument and the venue's rules."""

    class Meta:
        model = Instrument
        fields = [
            "id", "venue", "environment", "symbol", "kind", "base", "quote", "price_tick",
            "amount_step", "amount_min", "cost_min", "stop_orders_max", "is_tradable", "updated_at",
        ]  # fmt: skip


class Instruments(ReadResource):
    """Tradable pairs with tick, step and minimum cost."""

    queryset = Instrument.objects.all()
    serializer_class = InstrumentSerializer
    filterset_fields = ["venue", "environment", "symbol", "is_tradable"]


def whole(request: Request, name: str, default: int | None = None) -> int | None:
    """Return a query parameter as an integer.

    :raises InvalidInput: `NOT_A_NUMBER`.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.lstrip("-").isdigit():
        raise InvalidInput("NOT_A_NUMBER", field=name, value=text)
    return int(text)


class Candles(GenericViewSet[Any]):
    """Closed candles of one instrument and timeframe, oldest first."""

    needs = {"list": "view_desk"}
    queryset = Instrument.objects.none()
    pagination_class = None

    @extend_schema(
        parameters=[
            OpenApiParameter("instrument", int, required=True),
            OpenApiParameter("timeframe", str, required=True, enum=list(TIMEFRAME_MS)),
            OpenApiParameter("since", int, description="open time, epoch ms"),
            OpenApiParameter("limit", int, description=f"1 to {CANDLES_MAX}, default 200"),
        ],
        responses={200: {"type": "object"}},
    )
    def list(self, request: Request) -> Response:
        """Return `[ts, open, high, low, close, volume]` rows; without `since` the latest ones."""
        instrument, since = whole(request, "instrument"), whole(request, "since")
        timeframe, limit = request.query_params.get("timeframe", ""), whole(request, "limit", 200)
        if timeframe not in TIMEFRAME_MS:
            raise InvalidInput("UNKNOWN_TIMEFRAME", field="timeframe", known=list(TIMEFRAME_MS))
        if limit is None or not 1 <= limit <= CANDLES_MAX:
            raise InvalidInput(
                "OUT_OF_RANGE", field="limit", value=limit, least=1, most=CANDLES_MAX
            )
        if instrument is None or not Instrument.objects.filter(pk=instrument).exists():
            raise NotFound(instrument=instrument)
        found = Candle.objects.filter(instrument_id=instrument, timeframe=timeframe)
        columns = ("ts", "open", "high", "low", "close", "volume")
        if since is None:
            rows = list(found.order_by("-ts").values_list(*columns)[:limit])[::-1]
        else:
            rows = list(found.filter(ts__gte=since).order_by("ts").values_list(*columns)[:limit])
        last = from_ms(rows[-1][0]).isoformat() if rows else None
        return Response(
            {"instrument": instrument, "timeframe": timeframe, "last": last, "candles": rows}
        )
