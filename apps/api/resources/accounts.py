"""Venue accounts: metadata and a test of the key; keys are written, never read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import DeskSerializer, ReadResource
from apps.api.idempotency import once
from apps.venues.actions.account_terms import MARGIN_MODES, POSITION_MODES, SANDBOXES
from apps.venues.actions.create_account import create_account
from apps.venues.actions.edit_account import edit_account
from apps.venues.actions.test_account import test_account
from apps.venues.actions.write_keys import write_keys
from apps.venues.models import CardRun, VenueAccount


class VenueAccountSerializer(DeskSerializer):
    """An account without its keys: only a fingerprint and when they were written."""

    class Meta:
        model = VenueAccount
        fields = [
            "id", "slug", "name", "venue", "environment", "quote_asset", "position_mode", "margin_mode",
            "sandbox", "key_fingerprint", "key_set_at",
            "created_at", "archived_at",
        ]  # fmt: skip
        read_only_fields = ["id", "key_fingerprint", "key_set_at", "created_at", "archived_at"]


class CardRunSerializer(DeskSerializer):
    """A run of the acceptance cards and what became of each."""

    class Meta:
        model = CardRun
        fields = [
            "id", "started_at", "finished_at", "passed", "failed", "skipped", "requested_by",
            "build", "results",
        ]  # fmt: skip


class KeySerializer(serializers.Serializer[Any]):
    """A key pair, write only."""

    api_key = serializers.CharField(max_length=256, write_only=True)
    api_secret = serializers.CharField(max_length=4096, write_only=True)
    api_password = serializers.CharField(
        max_length=256, write_only=True, required=False, allow_blank=True
    )


class AccountTermsSerializer(serializers.Serializer[Any]):
    """The settings to change, and why."""

    position_mode = serializers.ChoiceField(choices=POSITION_MODES, required=False)
    margin_mode = serializers.ChoiceField(choices=MARGIN_MODES, required=False)
    sandbox = serializers.ChoiceField(choices=SANDBOXES, required=False)
    reason = serializers.CharField(max_length=200)


class VenueAccounts(ReadResource):
    """Our logins at venues."""

    needs = {
        "read": "view_operations",
        "create": "manage_accounts",
        "keys": "manage_accounts",
        "change_settings": "manage_accounts",
        "test": "manage_accounts",
        "card_runs": "view_operations",
    }
    queryset = VenueAccount.objects.all()
    serializer_class = VenueAccountSerializer
    lookup_field = "slug"
    ordering = ("slug",)
    filterset_fields = ["venue", "environment"]

    @extend_schema(request=VenueAccountSerializer, responses={201: VenueAccountSerializer})
    def create(self, request: Request) -> Response:
        """Add an account; venue and environment can never change."""
        form = VenueAccountSerializer(data=request.data)
        form.is_valid(raise_exception=True)

        def act() -> Response:
            account = create_account(actor=self.actor(), **form.validated_data)
            return Response(VenueAccountSerializer(account).data, status=201)

        return once(request, act)

    @extend_schema(request=KeySerializer, responses={200: VenueAccountSerializer})
    @action(detail=True, methods=["post"])
    def keys(self, request: Request, slug: str | None = None) -> Response:
        """Write a key pair; it is sealed and never shown again."""
        account = self.get_object()
        form = KeySerializer(data=request.data)
        form.is_valid(raise_exception=True)

        def act() -> Response:
            write_keys(actor=self.actor(), account_id=account.id, **form.validated_data)
            account.refresh_from_db()
            return Response(VenueAccountSerializer(account).data)

        return once(request, act)

    @extend_schema(request=AccountTermsSerializer, responses={200: VenueAccountSerializer})
    @action(detail=True, methods=["post"], url_path="settings", url_name="settings")
    def change_settings(self, request: Request, slug: str | None = None) -> Response:
        """Change position mode, margin mode or practice exchange; the mode at the venue first."""
        account = self.get_object()
        form = AccountTermsSerializer(data=request.data)
        form.is_valid(raise_exception=True)

        def act() -> Response:
            changed = edit_account(actor=self.actor(), account_id=account.id, **form.validated_data)
            return Response(VenueAccountSerializer(changed).data)

        return once(request, act)

    @extend_schema(responses={200: CardRunSerializer(many=True)})
    @action(detail=True, methods=["get"], url_path="card-runs", url_name="card-runs")
    def card_runs(self, request: Request, slug: str | None = None) -> Response:
        """Return the newest 20 runs of the acceptance cards on this account."""
        runs = self.get_object().card_runs.order_by("-started_at")[:20]
        return Response({"results": CardRunSerializer(runs, many=True).data})

    @extend_schema(request=None, responses={200: {"type": "object"}})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, slug: str | None = None) -> Response:
        """Sign one request at the venue with the account's key."""
        account = self.get_object()
        return once(request, lambda: Response(asdict(test_account(account_id=account.id))))
