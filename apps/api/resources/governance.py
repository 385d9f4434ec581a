"""Halts, limits and change requests."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.api.caller import person
from apps.api.fields import MoneyText
from apps.api.idempotency import once
from apps.approvals.actions.withdraw import withdraw
from apps.approvals.models import ChangeRequest, Vote
from apps.bots.models import Bot
from apps.core.errors import InvalidInput
from apps.golive.actions.request_limit_raise import LimitRaise, request_limit_raise
from apps.golive.actions.request_promotion import request_promotion
from apps.golive.models import GateCheck
from apps.risk.actions.halt import halt
from apps.risk.actions.set_limit import set_limit
from apps.risk.domain.limits import LIMIT_NAMES
from apps.risk.domain.restrictions import RESTRICTION_SCOPES
from apps.risk.models import LIMIT_SCOPES, Limit, Restriction
from apps.venues.models import VenueAccount


class RestrictionSerializer(DeskSerializer):
    """One "may not"."""

    class Meta:
        model = Restriction
        fields = [
            "id", "scope_kind", "scope_id", "state", "code", "reason", "flatten", "set_at", "set_by",
            "lifted_at", "lifted_by", "lift_reason",
        ]  # fmt: skip


class HaltInput(serializers.Serializer[Any]):
    """What to halt, and why."""

    scope_kind = serializers.ChoiceField(choices=RESTRICTION_SCOPES)
    scope_id = serializers.CharField(required=False, allow_blank=True, default="")
    reason = serializers.CharField()
    flatten = serializers.BooleanField(required=False, default=False)


class Halts(ReadResource):
    """Restrictions and halts, newest first. A release needs a person's session, not a token."""

    needs = {"read": "view_desk", "create": "halt"}
    queryset = Restriction.objects.all()
    serializer_class = RestrictionSerializer
    ordering = ("-set_at", "-id")
    filterset_fields = {
        "scope_kind": ["exact"], "scope_id": ["exact"], "code": ["exact"], "lifted_at": ["isnull"],
    }  # fmt: skip

    @extend_schema(request=HaltInput, responses={201: RestrictionSerializer})
    def create(self, request: Request) -> Response:
        """Halt a scope at once: orders are cancelled, stops stay, no new order leaves."""
        form = HaltInput(data=request.data)
        form.is_valid(raise_exception=True)

        def act() -> Response:
            done = halt(actor=self.actor(), **form.validated_data)
            return Response(RestrictionSerializer(done).data, status=201)

        return once(request, act)


class LimitSerializer(DeskSerializer):
    """One limit of one scope."""

    class Meta:
        model = Limit
        fields = ["id", "scope_kind", "scope_id", "name", "value", "reason", "set_at", "set_by"]


class LimitInput(serializers.Serializer[Any]):
    """A limit to set; raising one needs a change request."""

    scope_kind = serializers.ChoiceField(choices=LIMIT_SCOPES)
    scope_id = serializers.CharField(required=False, allow_blank=True, default="")
    name = serializers.ChoiceField(choices=LIMIT_NAMES)
    value = MoneyText()
    reason = serializers.CharField()


class Limits(ReadResource):
    """Limits; the tightest of a tree rules."""

    needs = {"read": "view_desk", "create": "tighten_limits"}
    queryset = Limit.objects.all()
    serializer_class = LimitSerializer
    ordering = ("scope_kind", "scope_id", "name")
    filterset_fields = ["scope_kind", "scope_id", "name"]

    @extend_schema(request=LimitInput, responses={200: LimitSerializer})
    def create(self, request: Request) -> Response:
        """Lower a limit at once, or set the first one of a scope."""
        form = LimitInput(data=request.data)
        form.is_valid(raise_exception=True)

        def act() -> Response:
            return Response(
                LimitSerializer(set_limit(actor=self.actor(), **form.validated_data)).data
            )

        return once(request, act)


class VoteSerializer(DeskSerializer):
    """One person's decision."""

    user = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)

    class Meta:
        model = Vote
        fields = ["user", "role", "decision", "comment", "content_hash", "at"]


class GateSerializer(DeskSerializer):
    """One measured gate."""

    class Meta:
        model = GateCheck
        fields = ["moment", "gate", "result", "measured", "threshold", "sample", "at"]


class ChangeRequestSerializer(DeskSerializer):
    """A request with its votes and evidence."""

    requested_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    votes = VoteSerializer(many=True, read_only=True)
    gate_checks = GateSerializer(many=True, read_only=True)

    class Meta:
        model = ChangeRequest
        fields = [
            "id", "reference", "kind", "subject_type", "subject_id", "subject_name", "title", "content",
            "content_hash", "before", "reason", "real_money", "approvals_needed", "roles_needed", "state",
            "requested_by", "created_at", "expires_at", "approved_at", "closed_at", "closed_reason",
            "votes", "gate_checks",
        ]  # fmt: skip


class ProposalInput(serializers.Serializer[Any]):
    """`bot.promote` takes bot (slug) and account (slug, optional); `limit.raise` a limit."""

    kind = serializers.ChoiceField(choices=["bot.promote", "limit.raise"])
    bot = serializers.CharField(required=False)
    account = serializers.SlugRelatedField[Any](
        slug_field="slug", queryset=VenueAccount.objects.filter(archived_at=None), required=False
    )
    scope_kind = serializers.ChoiceField(choices=LIMIT_SCOPES, required=False)
    scope_id = serializers.CharField(required=False, allow_blank=True)
    name = serializers.ChoiceField(choices=LIMIT_NAMES, required=False)
    value = MoneyText(required=False)
    reason = serializers.CharField()


class ReasonInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField()


class ChangeRequests(ReadResource):
    """Proposals that widen risk. Votes need a person's session; tokens may propose only."""

    needs = {"read": "view_desk", "create": "propose_changes", "withdraw": "propose_changes"}
    queryset = ChangeRequest.objects.select_related("requested_by").prefetch_related(
        "votes__user", "gate_checks"
    )
    serializer_class = ChangeRequestSerializer
    ordering = ("-number",)
    filterset_fields = ["state", "kind", "subject_type", "subject_id"]

    @extend_schema(request=ProposalInput, responses={201: ChangeRequestSerializer})
    def create(self, request: Request) -> Response:
        """Propose a promotion or a raised limit."""
        form = ProposalInput(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data

        def act() -> Response:
            return Response(ChangeRequestSerializer(self._propose(wanted)).data, status=201)

        return once(request, act)

    def _propose(self, wanted: dict[str, Any]) -> ChangeRequest:
        needed = ("bot",) if wanted["kind"] == "bot.promote" else ("scope_kind", "name", "value")
        for field in needed:
            if field not in wanted:
                raise InvalidInput("FIELD_MISSING", field=field, kind=wanted["kind"])
        user = person(self.request)
        if wanted["kind"] == "bot.promote":
            bot = Bot.objects.filter(slug=wanted["bot"]).first()
            if bot is None:
                raise InvalidInput("UNKNOWN_BOT", field="bot", value=wanted["bot"])
            account = wanted.get("account")
            return request_promotion(
                actor=self.actor(),
                user=user,
                bot_id=bot.id,
                reason=wanted["reason"],
                account_id=account.id if account else None,
            )
        raised = LimitRaise(
            scope_kind=wanted["scope_kind"],
            scope_id=wanted.get("scope_id", ""),
            name=wanted["name"],
            value=wanted["value"],
        )
        return request_limit_raise(
            actor=self.actor(), user=user, wanted=raised, reason=wanted["reason"]
        )

    @extend_schema(request=ReasonInput, responses={200: ChangeRequestSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """Take one's own request back."""
        found = self.get_object()
        form = ReasonInput(data=request.data)
        form.is_valid(raise_exception=True)
        user = person(request)

        def act() -> Response:
            done = withdraw(
                actor=self.actor(),
                user=user,
                request_id=found.id,
                reason=form.validated_data["reason"],
            )
            return Response(ChangeRequestSerializer(done).data)

        return once(request, act)
