"""Reconciliation: cases and what may be done about them, comparisons, reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.api.caller import person
from apps.api.idempotency import once
from apps.bots.models import Bot
from apps.core.clock import now
from apps.core.errors import InvalidInput
from apps.golive.actions.build_content import adopt_built, write_off_built
from apps.golive.actions.request_adjustment import request_adoption, request_write_off
from apps.marketdata.clock import market_now
from apps.reconciliation.actions.accept_venue import accept_venue, check_acceptable
from apps.reconciliation.actions.ask_comparison import QUICK, ask_comparison
from apps.reconciliation.actions.comment_case import comment_case
from apps.reconciliation.actions.lock_case import CaseClosed
from apps.reconciliation.actions.resolve_case import check_resolvable, resolve_case
from apps.reconciliation.actions.take_case import take_case
from apps.reconciliation.domain.report import period_of
from apps.reconciliation.models import COMPARISON_KINDS, Case, CaseEvent, Comparison
from apps.reconciliation.queries.reports import read_report
from apps.venues.models import VenueAccount

DRY: Final = [OpenApiParameter("dry_run", bool, description="say what would happen, do nothing")]
PERIOD: Final = [
    OpenApiParameter("from", str, description="first UTC day; a week ago without it"),
    OpenApiParameter("to", str, description="last UTC day, included; today without it"),
]


class CaseEventSerializer(DeskSerializer):
    """One thing that happened to a case."""

    class Meta:
        model = CaseEvent
        fields = ["at", "actor", "verb", "text"]


class CaseSerializer(DeskSerializer):
    """A difference between our books and the venue's, with its story."""

    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    events = CaseEventSerializer(many=True, read_only=True)

    class Meta:
        model = Case
        fields = [
            "id", "account", "kind", "severity", "subject", "state", "book", "venue", "cause",
            "evidence", "proposed_fix", "owner", "resolution", "resolved_by", "change_request_id",
            "opened_at", "seen_at", "closed_at", "events",
        ]  # fmt: skip


class CaseReason(serializers.Serializer[Any]):
    """Why; kept in the case and the audit."""

    reason = serializers.CharField(max_length=500)


class AdoptInput(CaseReason):
    """Which bot takes it over, and why."""

    bot = serializers.CharField()


def is_dry(request: Request) -> bool:
    """Return whether the call only asks what would happen."""
    return request.query_params.get("dry_run") in {"1", "true"}


class Cases(ReadResource):
    """Cases, newest first. Write-offs and adoptions open a change request; people vote on it."""

    needs = {
        "read": "view_operations",
        **dict.fromkeys(
            ("take", "comment", "resolve", "accept_venue", "write_off", "adopt"), "resolve_cases"
        ),
    }
    queryset = Case.objects.select_related("account").prefetch_related("events")
    serializer_class = CaseSerializer
    ordering = ("-opened_at", "-id")
    filterset_fields = {
        "account__slug": ["exact"], "state": ["exact"], "kind": ["exact"], "severity": ["exact"],
        "owner": ["exact"], "opened_at": ["gte", "lt"],
    }  # fmt: skip

    def _do(self, request: Request, words: str, run: Callable[[Case], object]) -> Response:
        """Do the act once for its key, or say what it would do."""
        case = self.get_object()
        if is_dry(request):
            told = {"dry_run": True, "would": words, "case": str(case.pk), "state": case.state}
            return Response({**told, "now": case.book, "venue": case.venue})

        def act() -> Response:
            run(case)
            return Response(CaseSerializer(self.queryset.get(pk=case.pk)).data)

        return once(request, act)

    def _reason(self, request: Request) -> str:
        form = CaseReason(data=request.data)
        form.is_valid(raise_exception=True)
        return str(form.validated_data["reason"])

    @extend_schema(request=None, responses={200: CaseSerializer}, parameters=DRY)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str | None = None) -> Response:
        """Become the case's owner."""
        return self._do(
            request, "You become the owner.", lambda c: take_case(actor=self.actor(), case_id=c.pk)
        )

    @extend_schema(request=CaseReason, responses={200: CaseSerializer}, parameters=DRY)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str | None = None) -> Response:
        """Add a comment to the case's story."""
        text = self._reason(request)
        return self._do(
            request, "The comment is kept.",
            lambda c: comment_case(actor=self.actor(), case_id=c.pk, text=text),
        )  # fmt: skip

    @extend_schema(request=CaseReason, responses={200: CaseSerializer}, parameters=DRY)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str | None = None) -> Response:
        """Close a case of something that happened; the books stay as they are."""
        reason = self._reason(request)
        check_resolvable(self._open().kind)
        return self._do(
            request, "The case closes; the books stay as they are.",
            lambda c: resolve_case(actor=self.actor(), case_id=c.pk, reason=reason),
        )  # fmt: skip

    @extend_schema(request=CaseReason, responses={200: CaseSerializer}, parameters=DRY)
    @action(detail=True, methods=["post"], url_path="accept-venue")
    def accept_venue(self, request: Request, pk: str | None = None) -> Response:
        """Ask the venue once more about an order, and book its word."""
        reason = self._reason(request)
        check_acceptable(self._open())
        return self._do(
            request, "The venue is asked once more; its word on the order is booked.",
            lambda c: accept_venue(actor=self.actor(), case_id=c.pk, reason=reason),
        )  # fmt: skip

    @extend_schema(request=CaseReason, responses={200: CaseSerializer}, parameters=DRY)
    @action(detail=True, methods=["post"], url_path="write-off")
    def write_off(self, request: Request, pk: str | None = None) -> Response:
        """Open the change request that posts the difference as an adjustment."""
        reason, user = self._reason(request), person(request)
        lines = write_off_built(self._open().pk).content["lines"]
        return self._do(
            request, f"A change request to post {lines}; a second person approves it.",
            lambda c: request_write_off(
                actor=self.actor(), user=user, case_id=c.pk, reason=reason
            ),
        )  # fmt: skip

    @extend_schema(request=AdoptInput, responses={200: CaseSerializer}, parameters=DRY)
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, pk: str | None = None) -> Response:
        """Open the change request that a bot takes over an order or a position."""
        form = AdoptInput(data=request.data)
        form.is_valid(raise_exception=True)
        bot = Bot.objects.filter(slug=form.validated_data["bot"]).first()
        if bot is None:
            raise InvalidInput("UNKNOWN_BOT", field="bot", value=form.validated_data["bot"])
        reason, user = form.validated_data["reason"], person(request)
        adopt_built(self._open().pk, bot.pk)
        return self._do(
            request, f"A change request that {bot.slug} takes it over; a second person approves it.",
            lambda c: request_adoption(
                actor=self.actor(), user=user, case_id=c.pk, bot_id=bot.pk, reason=reason
            ),
        )  # fmt: skip

    def _open(self) -> Case:
        case: Case = self.get_object()
        if case.state != "open":
            raise CaseClosed(case=str(case.pk), state=case.state)
        return case


class ComparisonSerializer(DeskSerializer):
    """One pass over an account."""

    account = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Comparison
        fields = [
            "id", "account", "kind", "started_at", "finished_at", "market_at", "is_clean",
            "compared", "equal", "healed", "opened", "error",
        ]  # fmt: skip


class CompareInput(serializers.Serializer[Any]):
    """Which account, and which comparisons; orders, positions and balances unless named."""

    account = serializers.SlugRelatedField[Any](
        slug_field="slug", queryset=VenueAccount.objects.filter(archived_at=None)
    )
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=COMPARISON_KINDS), required=False, min_length=1
    )


class Comparisons(ReadResource):
    """Passes, newest first; single ones are kept a day, reports keep their sums."""

    needs = {"read": "view_operations", "create": "reconcile"}
    queryset = Comparison.objects.select_related("account")
    serializer_class = ComparisonSerializer
    ordering = ("-started_at", "-id")
    filterset_fields = {
        "account__slug": ["exact"], "kind": ["exact"], "is_clean": ["exact"],
        "started_at": ["gte", "lt"],
    }  # fmt: skip

    @extend_schema(request=CompareInput, responses={202: {"type": "object"}}, parameters=DRY)
    def create(self, request: Request) -> Response:
        """Compare an account now; list the comparisons started since to see the results."""
        form = CompareInput(data=request.data)
        form.is_valid(raise_exception=True)
        account = form.validated_data["account"]
        kinds = tuple(form.validated_data.get("kinds") or QUICK)
        if is_dry(request):
            return Response({"dry_run": True, "would": "compare", "kinds": list(kinds)})

        def act() -> Response:
            asked_at = now()
            asked = ask_comparison(actor=self.actor(), account_id=account.pk, kinds=kinds)
            told = {"account": account.slug, "kinds": asked, "asked_at": asked_at.isoformat()}
            return Response(told, status=202)

        return once(request, act)


class ReportedAccountSerializer(DeskSerializer):
    """An account that has reports."""

    class Meta:
        model = VenueAccount
        fields = ["slug", "name", "venue", "environment"]


class ReconciliationReports(ReadResource):
    """Accounts, and for one of them what was compared in a period and what it came to."""

    needs = {"read": "view_operations"}
    queryset = VenueAccount.objects.all()
    serializer_class = ReportedAccountSerializer
    lookup_field = "slug"
    ordering = ("slug",)

    @extend_schema(responses={200: {"type": "object"}}, parameters=PERIOD)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the report of one account."""
        asked = request.query_params
        period = period_of(
            first=asked.get("from", ""), last=asked.get("to", ""), today=market_now().date()
        )
        return Response(read_report(account=self.get_object(), period=period).as_json())
