"""What orders by hand look like on the way in and out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.caller import person
from apps.api.fields import MoneyText
from apps.bots.models import Bot
from apps.core.errors import DeskError, NotFound
from apps.marketdata.models import Instrument
from apps.orders.domain.lifecycle import TIMES_IN_FORCE, TYPES
from apps.trading.actions.place_manual import Placed
from apps.trading.domain.manual import GroupTerms, ManualTerms

SIDES = ("buy", "sell")


class OrderDenied(DeskError):
    """The judge says no; `refusals` name each reason with the number that would pass."""

    default_code = "ORDER_DENIED"
    status = 422


class WhereInput(serializers.Serializer[Any]):
    """A bot and a symbol that its account's venue trades, and why."""

    bot = serializers.SlugField()
    symbol = serializers.CharField(max_length=40)
    reason = serializers.CharField(max_length=500)

    def place(self) -> tuple[UUID, int]:
        """Return the ids of bot and instrument.

        :raises NotFound: `UNKNOWN_BOT`, `UNKNOWN_INSTRUMENT`.
        """
        wanted = self.validated_data
        bot = Bot.objects.select_related("account").filter(slug=wanted["bot"]).first()
        if bot is None:
            raise NotFound("UNKNOWN_BOT", field="bot", value=wanted["bot"])
        found = Instrument.objects.filter(
            venue=bot.account.venue, environment=bot.account.environment, symbol=wanted["symbol"]
        ).first()
        if found is None:
            raise NotFound("UNKNOWN_INSTRUMENT", field="symbol", value=wanted["symbol"])
        return bot.id, found.id


class TermsInput(serializers.Serializer[Any]):
    """An order's terms: amounts in base units, prices in quote per base, as text."""

    side = serializers.ChoiceField(choices=SIDES)
    type = serializers.ChoiceField(choices=TYPES)
    amount = MoneyText()
    price = MoneyText(required=False, allow_null=True)
    stop_price = MoneyText(required=False, allow_null=True)
    trailing_rate = MoneyText(required=False, allow_null=True)
    time_in_force = serializers.ChoiceField(choices=TIMES_IN_FORCE, required=False, default="GTC")
    post_only = serializers.BooleanField(required=False, default=False)
    reduce_only = serializers.BooleanField(required=False, default=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class OrderInput(WhereInput, TermsInput):
    """An order by hand."""

    def terms(self, request: Request) -> tuple[UUID, ManualTerms]:
        """Return the bot and the terms."""
        bot_id, instrument_id = self.place()
        return bot_id, manual_terms(dict(self.validated_data), instrument_id, request)


class GroupInput(WhereInput):
    """Exits for what a bot holds, or with `entry` for what it will buy."""

    stop_price = MoneyText(required=False, allow_null=True)
    target_price = MoneyText(required=False, allow_null=True)
    trailing_rate = MoneyText(required=False, allow_null=True)
    entry = TermsInput(required=False, allow_null=True)

    def terms(self, request: Request) -> tuple[UUID, GroupTerms]:
        """Return the bot and the terms."""
        bot_id, instrument_id = self.place()
        wanted = dict(self.validated_data)
        entry = wanted.get("entry")
        return bot_id, GroupTerms(
            instrument_id, request_id(request),
            **{k: wanted.get(k) for k in ("stop_price", "target_price", "trailing_rate")},
            entry=manual_terms(dict(entry), instrument_id, request) if entry else None,
        )  # fmt: skip


class AmendInput(serializers.Serializer[Any]):
    """What changes of an open order; `amount` is its whole amount."""

    price = MoneyText(required=False, allow_null=True)
    amount = MoneyText(required=False, allow_null=True)
    stop_price = MoneyText(required=False, allow_null=True)
    reason = serializers.CharField(max_length=500)


class CancelBatchInput(serializers.Serializer[Any]):
    """Orders by name, or all of a bot but its protective ones."""

    order_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=500
    )
    bot = serializers.SlugField(required=False, default="")
    reason = serializers.CharField(max_length=500)


class WhyInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500)


class PlacedSerializer(serializers.Serializer[Any]):
    """What came of it: with `dry_run` what the judge would say."""

    order = serializers.UUIDField(source="order_id", allow_null=True)
    group = serializers.UUIDField(source="group_id", allow_null=True)
    dry_run = serializers.BooleanField()
    is_new = serializers.BooleanField()
    is_allowed = serializers.SerializerMethodField()
    refusals = serializers.ListField(child=serializers.DictField())
    proposal = serializers.DictField()
    reserved_cost = serializers.CharField()
    needs_second_person = serializers.BooleanField()
    request = serializers.CharField()

    def get_is_allowed(self, placed: Placed) -> bool:
        """Return whether nothing speaks against it."""
        return not placed.refusals


def request_id(request: Request) -> str:
    """Return what names this request: the caller and its idempotency key."""
    return f"{person(request).pk}:{request.headers.get('Idempotency-Key', '').strip()[:80]}"


def manual_terms(wanted: dict[str, Any], instrument_id: int, request: Request) -> ManualTerms:
    """Return validated input as terms."""
    names = ManualTerms.__dataclass_fields__.keys() & wanted.keys()
    return ManualTerms(
        instrument_id=instrument_id, request_id=request_id(request), **{n: wanted[n] for n in names}
    )


def is_dry(request: Request) -> bool:
    """Return whether the caller only asks what would happen."""
    return request.query_params.get("dry_run") in {"1", "true"}


def answer(placed: Placed, *, status: int = 201) -> Response:
    """Return what came of it.

    :raises OrderDenied: with the first refusal's code and all refusals.
    """
    if placed.refusals and not placed.dry_run:
        first = placed.refusals[0]
        raise OrderDenied(first["code"], refusals=placed.refusals, proposal=placed.proposal)
    if placed.request:
        return Response(PlacedSerializer(placed).data, status=202)
    is_made = placed.is_new and not placed.dry_run
    return Response(PlacedSerializer(placed).data, status=status if is_made else 200)
