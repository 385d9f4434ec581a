"""Venue accounts: what is known of them, a new one, its keys, and a test of them."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.queries import desk
from apps.core.errors import DeskError, NotFound
from apps.dashboard.access import actor_of, requires
from apps.dashboard.forms import refusal_words
from apps.dashboard.queries.accounts import last_card_runs
from apps.dashboard.queries.money import equity_by_account
from apps.dashboard.safe import submission_key, take_once
from apps.venues.actions.account_terms import (
    MARGIN_MODES,
    POSITION_MODES,
    SANDBOXES,
    Terms,
)
from apps.venues.actions.create_account import ENVIRONMENTS, create_account
from apps.venues.actions.edit_account import edit_account
from apps.venues.actions.test_account import test_account
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.families import FAMILIES
from apps.venues.models import VenueAccount

BOTH = ("GET", "HEAD", "POST")
CHOICES = {"position_mode": POSITION_MODES, "margin_mode": MARGIN_MODES, "sandbox": SANDBOXES}


@requires("view_operations")
def account_list(request: HttpRequest) -> HttpResponse:
    """Show the accounts without their secrets."""
    rows = VenueAccount.objects.filter(archived_at=None).order_by("slug")
    counted = rows.annotate(bot_count=Count("bots", filter=Q(bots__archived_at=None)))
    equity = equity_by_account()
    cards = last_card_runs()
    known = [(row, equity.get(row.pk), cards.get(row.pk)) for row in counted]
    context = {"rows": known, "live": {}}
    return render(request, "pages/accounts.html", context)


@requires("manage_accounts", methods=BOTH)
def new_account(request: HttpRequest) -> HttpResponse:
    """Add an account without keys."""
    error, sent = "", request.POST
    if request.method == "POST":
        try:
            take_once(request)
            account = create_account(
                actor=actor_of(request), slug=sent.get("slug", "").strip(), name=sent.get("name", "").strip(),
                venue=sent.get("venue", ""), environment=sent.get("environment", ""),
                **_terms(request),
            )  # fmt: skip
        except DeskError as refusal:
            error = refusal_words(refusal)
        else:
            messages.success(request, f"{account.slug} was added. Write its keys next.")
            return redirect(f"/accounts/{account.slug}/keys/")
    environments = [name for name in ENVIRONMENTS if name == "simulated" or not desk().rehearsal]
    context = {
        "venues": list(FAMILIES), "environments": environments, "error": error, "sent": sent,
        "submission": submission_key(), "live": {}, "choices": CHOICES,
    }  # fmt: skip
    return render(request, "pages/account_new.html", context, status=422 if error else 200)


@requires("manage_accounts", methods=BOTH)
def terms(request: HttpRequest, slug: str) -> HttpResponse:
    """Change an account's position mode, margin mode and practice exchange."""
    account, error, sent = _account(slug), "", request.POST
    if request.method == "POST":
        try:
            take_once(request)
            edit_account(
                actor=actor_of(request), account_id=account.pk,
                reason=sent.get("reason", "").strip() or "changed on the accounts screen",
                **_terms(request),
            )  # fmt: skip
        except DeskError as refusal:
            error = refusal_words(refusal)
        else:
            messages.success(request, f"The settings of {slug} are changed.")
            return redirect("/accounts/")
    kept = {name: getattr(account, name) for name in CHOICES}
    context = {
        "account": account, "error": error, "sent": sent or kept, "submission": submission_key(),
        "live": {}, "choices": CHOICES,
    }  # fmt: skip
    return render(request, "pages/account_terms.html", context, status=422 if error else 200)


@requires("manage_accounts", methods=BOTH)
def keys(request: HttpRequest, slug: str) -> HttpResponse:
    """Write an account's keys; they are never shown again."""
    account, error = _account(slug), ""
    if request.method == "POST":
        try:
            take_once(request)
            name = write_keys(
                actor=actor_of(request), account_id=account.pk,
                api_key=request.POST.get("api_key", ""), api_secret=request.POST.get("api_secret", ""),
                api_password=request.POST.get("api_password", ""),
            )  # fmt: skip
        except DeskError as refusal:
            error = refusal_words(refusal)
        else:
            messages.success(request, f"The keys of {slug} are stored, fingerprint {name}.")
            return redirect("/accounts/")
    context = {
        "account": account, "error": error, "submission": submission_key(), "live": {},
        "needs_password": FAMILIES[account.venue].needs_password if account.venue in FAMILIES else False,
    }  # fmt: skip
    return render(request, "pages/account_keys.html", context, status=422 if error else 200)


@requires("manage_accounts", methods=("POST",))
def check(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the venue whether the keys sign."""
    account = _account(slug)
    try:
        found = test_account(account_id=account.pk)
    except DeskError as refusal:
        messages.error(request, f"{slug}: {refusal_words(refusal)}")
    else:
        held = ", ".join(found.assets) or "nothing"
        messages.success(
            request, f"{slug}: the key signs. It holds {held}; clock skew {found.skew_ms} ms."
        )
    return redirect("/accounts/")


def _terms(request: HttpRequest) -> Terms:
    """Return the settings that were sent."""
    sent = {name: request.POST.get(name, "").strip() for name in ("quote_asset", *CHOICES)}
    sent["quote_asset"] = sent["quote_asset"].upper()
    return cast(Terms, {name: word for name, word in sent.items() if word})


def _account(slug: str) -> VenueAccount:
    found = VenueAccount.objects.filter(slug=slug, archived_at=None).first()
    if found is None:
        raise NotFound("UNKNOWN_ACCOUNT", account=slug)
    return found
