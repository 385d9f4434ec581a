"""Pages hold what they promise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.actions.make_welcome_link import make_welcome_link
from apps.bots.models import Bot
from apps.core.clock import now
from apps.dashboard.templatetags.desk import as_words
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.venues.models import CardRun, VenueAccount
from tests.dashboard.conftest import ACTOR, trading_bot
from tests.factories import make_account, make_instrument

pytestmark = pytest.mark.django_db


def test_the_one_time_link_signs_in_once(person) -> None:
    token = make_welcome_link(actor=ACTOR, user=person("operator", is_demo=True))
    client = Client()
    assert client.get(f"/welcome/{token}").url == "/"
    assert client.get("/").status_code == 200
    again = Client().get(f"/welcome/{token}")
    assert again.status_code == 403
    assert "WELCOME_LINK_INVALID" in again.content.decode()


def test_the_one_time_link_works_on_this_machine_only(person) -> None:
    token = make_welcome_link(actor=ACTOR, user=person("operator", is_demo=True))
    assert Client(REMOTE_ADDR="10.0.0.7").get(f"/welcome/{token}").status_code == 403
    assert Client().get(f"/welcome/{token}").status_code == 302


def test_a_wrong_password_is_told_and_five_lock(person) -> None:
    person("viewer", name="vera", password="a-long-password-1")
    client = Client()
    for _ in range(4):
        page = client.post("/sign-in/", {"username": "vera", "password": "wrong"})
        assert "do not fit together" in page.content.decode()
    locked = client.post("/sign-in/", {"username": "vera", "password": "wrong"})
    assert locked.status_code == 429
    assert "Too many attempts" in locked.content.decode()
    right = client.post("/sign-in/", {"username": "vera", "password": "a-long-password-1"})
    assert right.status_code == 429


def test_signing_out_takes_a_post(as_role) -> None:
    client = as_role("viewer")
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/").status_code == 302


def test_theme_and_palette_are_kept(as_role) -> None:
    client = as_role("viewer")
    client.post("/me/appearance/", {"theme": "dark", "palette": "blue"})
    assert 'data-theme="dark" data-palette="blue"' in client.get("/").content.decode()
    assert client.post("/me/appearance/", {"theme": "pink", "palette": "blue"}).status_code == 400


@pytest.mark.parametrize(
    "tab", ["", "orders/", "fills/", "profit/", "quality/", "decisions/", "config/", "go-live/"]
)
def test_every_tab_of_a_bot_opens(as_role, tab) -> None:
    bot = trading_bot()
    assert as_role("viewer").get(f"/bots/{bot.slug}/{tab}").status_code == 200


def test_the_four_kinds_of_empty(as_role) -> None:
    client = as_role("operator")
    assert "No bots yet." in client.get("/").content.decode()
    trading_bot()
    assert "Nothing matches these filters." in client.get("/?state=failed").content.decode()
    make_instrument()
    assert "The feed is down" not in client.get("/orders/").content.decode()
    assert client.get("/audit/").status_code == 403


def test_filters_in_the_address_narrow_the_fleet(as_role) -> None:
    trading_bot(slug="one")
    trading_bot(slug="two", state="paused")
    page = as_role("viewer").get("/?state=paused").content.decode()
    assert 'href="/bots/two/"' in page
    assert 'href="/bots/one/"' not in page


def test_a_bot_is_made_and_gets_its_config_from_the_schema(as_role) -> None:
    sync_catalogue()
    make_account(slug="paper")
    make_instrument(symbol="BTC/USDT")
    client = as_role("strategist")
    made = client.post("/bots/new/", {"slug": "new-one", "name": "New one", "account": "paper"})
    assert made.url == "/bots/new-one/config/new/"
    form = client.get("/bots/new-one/config/new/?strategy=sma_cross").content.decode()
    assert 'name="p_fast"' in form
    sent = {
        "timeframe": "1h", "symbols": ["BTC/USDT"], "sizing_mode": "fixed_cost", "sizing_value": "100",
        "order_type": "market", "stop_loss": "0.05", "p_fast": "5", "p_slow": "20", "reason": "first",
    }  # fmt: skip
    address = "/bots/new-one/config/new/?strategy=sma_cross"
    assert client.post(address, sent).url == "/bots/new-one/config/"
    config = Bot.objects.get(slug="new-one").config
    assert config.parameters == {"fast": 5, "slow": 20}
    refused = client.post(address, sent | {"p_fast": "30"})
    assert refused.status_code == 422
    assert "would" in refused.content.decode() or "PARAMETER" in refused.content.decode().upper()
    assert Bot.objects.get(slug="new-one").config_id == config.pk


def test_keys_are_written_and_never_shown(as_role) -> None:
    make_account(slug="acc")
    client = as_role("administrator")
    client.post(
        "/accounts/acc/keys/", {"api_key": "my-api-key-123", "api_secret": "very-secret-456"}
    )
    account = VenueAccount.objects.get(slug="acc")
    assert account.key_fingerprint
    page = (
        client.get("/accounts/").content.decode()
        + client.get("/accounts/acc/keys/").content.decode()
    )
    assert "my-api-key-123" not in page
    assert "very-secret-456" not in page
    assert account.key_fingerprint in page


def test_search_finds_bots_orders_and_pages(as_role) -> None:
    bot = trading_bot(slug="needle")
    order = bot.orders.first()
    client = as_role("viewer")
    assert "/bots/needle/" in client.get("/search/?q=need").content.decode()
    assert (
        f"/orders/{order.client_order_id}/"
        in client.get(f"/search/?q={order.client_order_id[:12]}").content.decode()
    )
    assert "/positions/" in client.get("/search/?q=posit").content.decode()
    assert "/audit/" not in client.get("/search/?q=audit").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/?page=x",
        "/orders/?page=-1",
        "/audit/?from=yesterday&to=%00",
        "/orders/?page=99999999999",
        "/bots/x/decisions/?before=never",
    ],
)
def test_odd_addresses_never_break_a_page(as_role, address) -> None:
    trading_bot(slug="x")
    role = "auditor" if address.startswith("/audit") else "viewer"
    assert as_role(role).get(address).status_code == 200


def test_the_csp_forbids_inline(as_role) -> None:
    policy = as_role("viewer").get("/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_an_account_shows_its_last_run_of_the_acceptance_cards(as_role) -> None:
    account = make_account(slug="proved")
    for hours, failed in ((2, 3), (1, 0)):
        at = now() - timedelta(hours=hours)
        CardRun.objects.create(
            account=account, started_at=at, finished_at=at, passed=80, failed=failed, skipped=7,
            results=[], requested_by="test",
        )  # fmt: skip
    page = as_role("operator").get("/accounts/").content.decode()
    assert "80 passed</a>" in page
    assert "failed" not in page
    assert "/admin/venues/venueaccount/capabilities/" in page


def test_flags_are_words_and_ids_of_actors_are_left_to_the_audit() -> None:
    told = as_words({"post_only": True, "reduce_only": False, "actor": "ann", "actor_id": "7"})
    assert told == "post only yes, reduce only no, actor ann"
    assert as_words({"amount": "0.017000000000000000", "id": "20"}) == "amount 0.017, id 20"
