"""Orders by hand from their dialogs: previewed, done once, refused with what would pass."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.http import QueryDict
from django.test import Client

from apps.approvals.models import ChangeRequest
from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.core.clock import now
from apps.dashboard.acts.orders import many_prompt, phrase_of
from apps.dashboard.domain.words import sentence
from apps.orders.models import Order, OrderGroup
from apps.portfolio.models import Balance
from apps.risk.models import Verdict
from apps.trading.actions import place_manual as placing
from tests.dashboard.conftest import trading_bot
from tests.factories import make_instrument, make_order, make_quote

pytestmark = pytest.mark.django_db


def hidden(page: str) -> dict[str, str]:
    """Return what a form carries along."""
    found = re.findall(r'<input type="hidden" name="(submission|fingerprint|order|show)" value="([^"]*)"', page)  # fmt: skip
    return dict(found)


def asking_bot(**values) -> tuple[Bot, int, str]:
    """A paper bot that holds 2 at 100 with the price at 110, where its dialog is."""
    bot = trading_bot(**values)
    instrument = make_instrument(symbol="BTC/USDT")
    # fresh however slowly the test runs
    make_quote(instrument, last=110, at=now() + timedelta(minutes=5))
    Balance.objects.filter(account=bot.account).update(amount=Decimal(5000))
    return bot, instrument.pk, f"/orders/new/?bot={bot.slug}"


def limit(instrument: int, **values: str) -> dict[str, str]:
    return {
        "what": "order", "instrument": str(instrument), "side": "buy", "type": "limit",
        "amount": "0.5", "price": "109.00", "time_in_force": "GTC", "reason": "dip",
    } | values  # fmt: skip


def do(client: Client, address: str, terms: dict[str, str]):
    """Preview, then do what was previewed."""
    preview = client.post(address, terms | {"step": "preview"}).content.decode()
    return client.post(address, terms | hidden(preview) | {"step": "do"}, follow=True)


def test_an_order_is_previewed_in_words_and_then_placed_once(as_role) -> None:
    _, instrument, address = asking_bot()
    client, orders = as_role("operator"), Order.objects.count()
    page = client.post(address, limit(instrument) | {"step": "preview"})
    text = page.content.decode()
    assert page.status_code == 200
    for words in (
        "✓ It would pass", "Buy 0.5 BTC/USDT, limit 109.00, good till cancelled.",
        "It opens or adds: an entry", "Judged at the last price 110.00", "It would reserve 54.50 USDT.",
    ):  # fmt: skip
        assert words in text, words
    assert (Order.objects.count(), AuditEvent.objects.filter(verb="order.place").count()) == (orders, 0)  # fmt: skip

    sent = limit(instrument) | hidden(text) | {"step": "do"}
    done = client.post(address, sent, follow=True)
    made = Order.objects.get(origin="manual")
    assert done.redirect_chain == [(f"/orders/{made.client_order_id}/", 302)]
    assert (made.price, made.amount, made.requested_by, made.reason) == (
        Decimal(109), Decimal("0.5"), client.who.username, "dip",
    )  # fmt: skip
    assert AuditEvent.objects.get(verb="order.place").actor_name == client.who.username
    assert client.post(address, sent).status_code == 409
    assert Order.objects.filter(origin="manual").count() == 1


def test_nothing_is_placed_without_a_preview_of_the_same_terms(as_role) -> None:
    _, instrument, address = asking_bot()
    client = as_role("operator")
    preview = client.post(address, limit(instrument) | {"step": "preview"}).content.decode()
    changed = limit(instrument, amount="0.6") | hidden(preview) | {"step": "do"}
    for sent in (limit(instrument) | {"step": "do"}, changed):
        answer = client.post(address, sent)
        assert answer.status_code == 422
        assert "The terms changed since the preview." in answer.content.decode()
    assert not Order.objects.filter(origin="manual").exists()


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"amount": "90"}, "✕ It would be refused"),
        ({"price": ""}, "This kind of order needs it."),
        ({"amount": "much"}, "This is not a number."),
        ({"reason": ""}, "This field is required."),
        ({"time_in_force": "GTD"}, "This kind of order needs it."),
    ],
    ids=["limit", "price", "number", "reason", "date"],
)
def test_what_would_be_refused_is_told_and_nothing_is_recorded(as_role, terms, words) -> None:
    _, instrument, address = asking_bot()
    verdicts = Verdict.objects.count()
    answer = as_role("operator").post(address, limit(instrument, **terms) | {"step": "preview"})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="do"' not in answer.content.decode()
    assert Verdict.objects.count() == verdicts


def test_in_a_dialog_the_next_page_is_named_instead_of_redirected(as_role) -> None:
    _, instrument, address = asking_bot()
    client = as_role("operator")
    preview = client.post(address, limit(instrument) | {"step": "preview"}).content.decode()
    sent = limit(instrument) | hidden(preview) | {"step": "do"}
    answer = client.post(address, sent, HTTP_HX_REQUEST="true")
    made = Order.objects.get(origin="manual")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/orders/{made.client_order_id}/")


def test_a_bracket_and_a_pair_of_exits_are_groups(as_role) -> None:
    bot, instrument, address = asking_bot()
    client = as_role("operator")
    oco = {"what": "oco", "instrument": str(instrument), "exit_stop": "104.00", "exit_target": "130", "reason": "hold on"}  # fmt: skip
    page = client.post(address, oco | {"step": "preview"}).content.decode()
    assert "Stop for what is held: 104.00." in page
    assert "Target for what is held: 130.00." in page
    assert do(client, address, oco).redirect_chain == [(f"/bots/{bot.slug}/", 302)]
    group = OrderGroup.objects.get()
    assert (group.kind, group.terms) == ("oco", {"stop_price": "104.00", "target_price": "130"})
    bracket = limit(instrument, what="bracket", exit_stop="108", exit_target="130")
    again = do(client, address, bracket)
    assert again.status_code == 422
    assert sentence("GROUP_OPEN").rstrip(".") in unescape(again.content.decode())
    client.post(f"/order-groups/{group.pk}/cancel/", {"reason": "enough"})
    page = client.post(address, bracket | {"step": "preview"}).content.decode()
    assert "Stop for what has filled: 108.00." in page
    done = do(client, address, bracket)
    entry = Order.objects.get(origin="manual")
    assert (entry.group.kind, entry.group.state) == ("bracket", "open")
    assert done.redirect_chain == [(f"/orders/{entry.client_order_id}/", 302)]


def test_real_money_takes_a_typed_name_or_count() -> None:
    assert phrase_of(Bot(slug="sma-btc", stage="mainnet")) == "sma-btc"
    assert phrase_of(Bot(slug="sma-btc", stage="paper")) == ""
    rows = [(1, "a", "mainnet", "entry"), (2, "b", "paper", "protect")]
    prompt = many_prompt(rows, QueryDict("show=open"))
    assert (prompt.phrase, prompt.level, prompt.fields) == ("CANCEL 2", 2, {"show": ["open"]})
    assert prompt.lines[1] == "1 of them on real money."


def test_an_entry_on_real_money_asks_for_a_second_person(as_role, monkeypatch) -> None:
    bot, instrument, address = asking_bot()
    monkeypatch.setattr(placing, "REAL_MONEY", {"paper"})
    client = as_role("operator")
    page = client.post(address, limit(instrument) | {"step": "preview"}).content.decode()
    assert "it becomes a change request" in page
    done = do(client, address, limit(instrument))
    request = ChangeRequest.objects.get()
    assert done.redirect_chain == [(f"/approvals/{request.number}/", 302)]
    shown = done.content.decode()
    assert f"{bot.slug}: buy 0.5 BTC/USDT limit by hand" in shown
    assert f"{request.reference} asks for the second person." in shown
    assert not Order.objects.filter(origin="manual").exists()


def test_an_amendment_changes_only_what_was_changed(as_role) -> None:
    bot, _, _ = asking_bot()
    order = make_order(bot, type="limit", price=Decimal(109), amount=Decimal("0.5"), status="open")
    client, address = as_role("operator"), f"/orders/{order.client_order_id}/amend/"
    page = client.get(address).content.decode()
    assert "Now: Buy 0.5 BTC/USDT, limit 109.00, good till cancelled." in page
    same = {"price": "109", "amount": "0.5", "reason": "closer"}
    answer = client.post(address, same | {"step": "preview"})
    assert answer.status_code == 422
    assert sentence("NOTHING_TO_AMEND").rstrip(".") in unescape(answer.content.decode())
    done = do(client, address, same | {"price": "109.5"})
    new = Order.objects.get(replaces=order)
    assert (new.price, new.amount, new.is_amendment) == (Decimal("109.5"), Decimal("0.5"), True)
    assert done.redirect_chain == [(f"/orders/{new.client_order_id}/", 302)]


def test_one_order_is_cancelled_with_a_reason(as_role) -> None:
    bot, _, _ = asking_bot()
    order = make_order(bot, type="limit", price=Decimal(90), status="open")
    client, address = as_role("risk_manager"), f"/orders/{order.client_order_id}/cancel/"
    assert "1.00000 BTC of it are open." in client.get(address).content.decode()
    assert client.post(address, {}).status_code == 422
    client.post(address, {"reason": "old"})
    order.refresh_from_db()
    assert order.cancel_requested_at is not None
    assert AuditEvent.objects.get(verb="order.cancel").reason == "old"
    assert client.post(address, {"reason": "old"}).status_code == 302  # it waits already


def test_a_set_is_counted_again_when_it_is_sent(as_role) -> None:
    bot, _, _ = asking_bot()
    for _ in range(2):
        make_order(bot, type="limit", price=Decimal(90), status="open")
    client, address = as_role("operator"), f"/orders/cancel/?show=open&bot={bot.slug}"
    page = client.get(address).content.decode()
    assert "Cancel 2 orders" in page
    assert "Protective orders stay." in page
    sent = hidden(page) | {"bot": bot.slug, "reason": "clean up"}
    late = make_order(bot, type="limit", price=Decimal(91), status="open")
    answer = client.post("/orders/cancel/", sent)
    assert answer.status_code == 422
    assert "The counts changed since you looked." in answer.content.decode()
    assert not Order.objects.filter(cancel_requested_at__isnull=False).exists()
    again = hidden(answer.content.decode()) | {"bot": bot.slug, "reason": "clean up"}
    client.post("/orders/cancel/", again)
    flagged = Order.objects.filter(cancel_requested_at__isnull=False)
    assert flagged.count() == 3
    assert late in flagged
    assert not flagged.filter(purpose="protect").exists()


def test_the_ticked_and_all_of_a_bot_are_cancelled(as_role) -> None:
    bot, _, _ = asking_bot()
    first, second, third = (
        make_order(bot, type="limit", price=Decimal(90), status="open") for _ in range(3)
    )
    client = as_role("operator")
    page = client.get(f"/orders/cancel/?order={first.client_order_id}").content.decode()
    client.post("/orders/cancel/", hidden(page) | {"reason": "this one"})
    assert list(Order.objects.filter(cancel_requested_at__isnull=False)) == [first]
    page = client.get(f"/bots/{bot.slug}/cancel-orders/").content.decode()
    client.post(f"/bots/{bot.slug}/cancel-orders/", hidden(page) | {"reason": "all"})
    flagged = Order.objects.filter(cancel_requested_at__isnull=False)
    assert set(flagged) == {first, second, third}


def test_a_position_is_closed_at_market_by_those_who_may(as_role) -> None:
    bot, instrument, _ = asking_bot()
    address = f"/bots/{bot.slug}/close/{instrument}/"
    client = as_role("risk_manager")
    page = client.get(address).content.decode()
    assert "Sell 2 BTC/USDT, market, good till cancelled" in page
    assert "✓ The judge would let it pass." in page
    assert not Order.objects.filter(origin="manual").exists()
    client.post(address, hidden(page) | {"reason": "news"})
    made = Order.objects.get(origin="manual")
    assert (made.side, made.type, made.amount, made.purpose) == ("sell", "market", 2, "reduce")
    assert made.worst_price is not None
    again = client.get(address)
    assert again.status_code == 409
    assert "NOTHING_TO_CLOSE" in again.content.decode()
    assert as_role("viewer").get(address).status_code == 403
