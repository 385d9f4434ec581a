"""Bots: read, create, configure, act."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.api.idempotency import once
from apps.api.resources.bot_acts import ACTS, BotAct
from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot, BotConfig, Cycle
from apps.core.errors import NotFound, RequiresChangeRequest
from apps.strategies.models import Strategy
from apps.venues.models import VenueAccount

GOVERNED = ("stage", "state", "account", "config", "slug")


class BotConfigSerializer(DeskSerializer):
    """One immutable config version."""

    strategy = serializers.CharField(source="strategy_version.strategy.name", read_only=True)
    strategy_hash = serializers.CharField(source="strategy_version.source_hash", read_only=True)
    symbols = serializers.SerializerMethodField()

    class Meta:
        model = BotConfig
        fields = [
            "id", "number", "strategy", "strategy_hash", "timeframe", "symbols", "parameters", "sizing",
            "protection", "execution", "content_hash", "reason", "created_by_name", "created_at",
        ]  # fmt: skip

    def get_symbols(self, config: BotConfig) -> list[str]:
        """Return the symbols in their order."""
        return sorted(row.instrument.symbol for row in config.instruments.all())


class BotSerializer(DeskSerializer):
    """A bot with its running config."""

    account = serializers.SlugRelatedField[Any](
        slug_field="slug", queryset=VenueAccount.objects.all()
    )
    environment = serializers.CharField(source="account.environment", read_only=True)
    config = BotConfigSerializer(read_only=True)

    class Meta:
        model = Bot
        fields = [
            "id", "slug", "name", "account", "environment", "state", "state_reason", "state_since",
            "stage", "stage_since", "config", "created_at", "archived_at",
        ]  # fmt: skip
        read_only_fields = [
            "state",
            "state_reason",
            "state_since",
            "stage",
            "stage_since",
            "archived_at",
        ]


class ConfigInput(serializers.Serializer[Any]):
    """A config version as a person writes it."""

    strategy = serializers.CharField()
    timeframe = serializers.CharField()
    symbols = serializers.ListField(child=serializers.CharField(), min_length=1)
    parameters = serializers.DictField(required=False, default=dict)
    sizing = serializers.DictField()
    protection = serializers.DictField()
    execution = serializers.DictField(required=False, default=dict)
    reason = serializers.CharField()


class ActInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(required=False, allow_blank=True, default="")


class DecisionSerializer(serializers.Serializer[Any]):
    """One cycle: what was seen, wanted, refused and why."""

    scheduled_for = serializers.DateTimeField()
    status = serializers.CharField()
    outcome = serializers.CharField()
    seen = serializers.JSONField()
    wanted = serializers.JSONField()
    codes = serializers.JSONField()
    closed_at = serializers.DateTimeField()


class Bots(ReadResource):
    """The fleet."""

    needs = {
        "read": "view_desk",
        "create": "edit_configs",
        "config_versions": "view_desk",
        "decisions": "view_desk",
        "write_config_version": "edit_configs",
        "partial_update": "edit_configs",
        "act": "view_desk",
    }
    queryset = Bot.objects.select_related(
        "account", "config__strategy_version__strategy"
    ).prefetch_related("config__instruments__instrument")
    serializer_class = BotSerializer
    lookup_field = "slug"
    ordering = ("slug",)
    filterset_fields = {
        "state": ["exact", "in"],
        "stage": ["exact", "in"],
        "account__slug": ["exact"],
    }

    @extend_schema(request=BotSerializer, responses={201: BotSerializer})
    def create(self, request: Request) -> Response:
        """Make a bot in state draft on a simulated account."""
        form = BotSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data

        def act() -> Response:
            bot = create_bot(
                actor=self.actor(),
                slug=wanted["slug"],
                name=wanted["name"],
                account_id=wanted["account"].id,
            )
            return Response(BotSerializer(bot).data, status=201)

        return once(request, act)

    def partial_update(self, request: Request, slug: str | None = None) -> Response:
        """Refuse: a bot moves by acts, config versions and change requests only.

        :raises RequiresChangeRequest: naming the governed fields.
        """
        bot = self.get_object()
        named = sorted(set(request.data) & set(GOVERNED)) if isinstance(request.data, dict) else []
        raise RequiresChangeRequest(bot=bot.slug, fields=named, see="/api/v1/change-requests/")

    @extend_schema(responses={200: BotConfigSerializer(many=True)})
    @action(detail=True, methods=["get"], url_path="config-versions")
    def config_versions(self, request: Request, slug: str | None = None) -> Response:
        """Return all config versions, newest first."""
        found = self.get_object().configs.select_related("strategy_version__strategy")
        rows = found.prefetch_related("instruments__instrument").order_by("-number")[:200]
        return Response(BotConfigSerializer(rows, many=True).data)

    @extend_schema(request=ConfigInput, responses={201: BotConfigSerializer})
    @config_versions.mapping.post
    def write_config_version(self, request: Request, slug: str | None = None) -> Response:
        """Write the next config version; on testnet and above it needs a change request."""
        bot = self.get_object()
        form = ConfigInput(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = dict(form.validated_data)
        reason = wanted.pop("reason")
        content = ConfigContent(**{**wanted, "symbols": tuple(wanted["symbols"])})

        def act() -> Response:
            config = write_config(actor=self.actor(), bot_id=bot.id, content=content, reason=reason)
            return Response(BotConfigSerializer(config).data, status=201)

        return once(request, act)

    @extend_schema(
        parameters=[OpenApiParameter("before", str, description="RFC 3339: only cycles before it")],
        responses={200: DecisionSerializer(many=True)},
    )
    @action(detail=True, methods=["get"])
    def decisions(self, request: Request, slug: str | None = None) -> Response:
        """Return the last 50 decisions before a time."""
        found = Cycle.objects.filter(bot_id=self.get_object().id)
        if before := request.query_params.get("before"):
            moment = serializers.DateTimeField().run_validation(before)
            found = found.filter(scheduled_for__lt=moment)
        return Response(DecisionSerializer(found.order_by("-scheduled_for")[:50], many=True).data)

    @extend_schema(
        request=ActInput,
        parameters=[
            OpenApiParameter("dry_run", bool, description="say what would happen, do nothing")
        ],
        responses={200: BotSerializer},
    )
    @action(detail=True, methods=["post"], url_path=r"actions/(?P<verb>[a-z-]+)")
    def act(self, request: Request, slug: str | None = None, verb: str = "") -> Response:
        """Start, pause, resume, stop or halt the bot."""
        wanted: BotAct | None = ACTS.get(verb)
        if wanted is None:
            raise NotFound("UNKNOWN_ACT", verb=verb, known=sorted(ACTS))
        wanted.check(request)
        bot = self.get_object()
        form = ActInput(data=request.data)
        form.is_valid(raise_exception=True)
        reason = form.validated_data["reason"]
        if request.query_params.get("dry_run") in {"1", "true"}:
            return Response(wanted.preview(bot))

        def run() -> Response:
            wanted.run(self.actor(), bot, reason)
            return Response(BotSerializer(self.get_queryset().get(pk=bot.pk)).data)

        return once(request, run)


class StrategySerializer(DeskSerializer):
    """A strategy of the catalogue with the schema of its parameters."""

    versions = serializers.SerializerMethodField()

    class Meta:
        model = Strategy
        fields = ["name", "title", "description", "versions"]

    def get_versions(self, strategy: Strategy) -> list[dict[str, Any]]:
        """Return the pinned versions, newest first."""
        rows = strategy.versions.all()
        return [
            {
                "version": v.version,
                "source_hash": v.source_hash,
                "schema": v.schema,
                "created_at": v.created_at,
            }
            for v in rows
        ]


class Strategies(ReadResource):
    """The catalogue."""

    queryset = Strategy.objects.prefetch_related("versions")
    serializer_class = StrategySerializer
    lookup_field = "name"
    ordering = ("name",)
