"""Every address of the dashboard has a rule, and each role meets exactly what it may open."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.domain.roles import PERMISSIONS, ROLE_PERMISSIONS
from apps.core.clock import now
from apps.dashboard import urls
from apps.dashboard.access import OPEN_TO_EVERYONE
from apps.dashboard.topics import TOPICS, split
from apps.reconciliation.models import Case
from tests.dashboard.conftest import trading_bot
from tests.factories import make_account

pytestmark = pytest.mark.django_db
ROUTES = [(pattern.pattern, pattern.callback) for pattern in urls.urlpatterns]
DOORS = {"sign-in/", "sign-out/", "welcome/<str:token>", "welcome/<str:token>/", "^.*$"}
PEOPLE_ONLY = sorted(set(ROLE_PERMISSIONS) - {"machine"})


def test_every_address_declares_a_permission() -> None:
    for route, view in ROUTES:
        permission = getattr(view, "permission", None)
        assert permission is not None, f"{route} has no rule"
        if permission == OPEN_TO_EVERYONE:
            assert str(route) in DOORS, f"{route} is open to everyone"
        else:
            assert permission == "signed_in" or permission in PERMISSIONS, route


def test_every_topic_declares_a_permission() -> None:
    assert all(topic.permission in PERMISSIONS for topic in TOPICS.values())


@pytest.mark.parametrize(
    "name", ["bot", "bot:", "fleet:x", "bot:A", "nothing", "", "bot:a/b", "frame "]
)
def test_a_name_that_is_no_topic_is_refused(name) -> None:
    assert split(name) is None


def addresses() -> list[tuple[str, str]]:
    """One real address for each route that needs a permission."""
    bot = trading_bot(slug="one")
    make_account(slug="acc")
    limit = f"risk/limits/bot/{bot.pk}/gross_exposure/"
    order = bot.orders.first().client_order_id
    instrument = bot.config.instruments.get().instrument_id
    case = Case.objects.create(
        account=bot.account, kind="foreign_fill", subject="BTC/USDT 1", severity="critical",
        venue={"fills": []}, opened_at=now(), seen_at=now(),
    )  # fmt: skip
    values = {
        "<slug:slug>/": "acc/", "<int:instrument_id>": str(instrument), "<str:client_order_id>": order,
        "<uuid:restriction_id>": str(bot.pk), "<int:number>": "1", "<int:seq>": "1",
        "<uuid:case_id>": str(case.pk), "<slug:kind>": "foreign_fill",
        "<uuid:group_id>": str(bot.pk),
    }  # fmt: skip
    found = []
    for route, view in ROUTES:
        path = str(route)
        if getattr(view, "permission", "") in (OPEN_TO_EVERYONE, "signed_in"):
            continue
        path = path.replace("bots/<slug:slug>/", "bots/one/")
        path = path.replace("risk/limits/<str:scope_kind>/<str:scope_id>/<str:name>/", limit)
        path = path.replace(
            "risk/limits/<str:scope_kind>/<str:name>/", "risk/limits/desk/daily_loss/"
        )
        path = path.replace("halt/<str:scope_kind>/<str:scope_id>/", "halt/bot/one/")
        for key, value in values.items():
            path = path.replace(key, value)
        found.append((f"/{path}", view.permission))
    return found


@pytest.mark.parametrize("role", PEOPLE_ONLY)
def test_a_role_opens_what_it_may_and_is_told_what_is_missing_elsewhere(as_role, role) -> None:
    client = as_role(role)
    for address, permission in addresses():
        answer = client.get(address)
        if permission in ROLE_PERMISSIONS[role]:
            assert answer.status_code in {200, 302, 404, 405}, (address, answer.status_code)
        else:
            assert answer.status_code == 403, address
            assert permission in answer.content.decode(), address
            assert client.post(address).status_code == 403, address


def test_without_a_sign_in_every_page_leads_to_the_door() -> None:
    for address, _ in addresses():
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer.url.startswith("/sign-in/?next=/"), address
        assert Client().post(address).status_code == 302, address


def test_the_superuser_flag_opens_nothing(as_role) -> None:
    client = as_role("viewer")
    type(client.who).objects.filter(pk=client.who.pk).update(is_superuser=True)
    assert client.get("/audit/").status_code == 403
    assert client.get("/halt/").status_code == 403


@pytest.mark.parametrize("role", PEOPLE_ONLY)
def test_the_navigation_shows_what_the_role_may_open_and_nothing_else(as_role, role) -> None:
    page = as_role(role).get("/").content.decode()
    assert ('href="/audit/"' in page) == ("view_audit" in ROLE_PERMISSIONS[role])
    assert ('href="/system/"' in page) == ("view_operations" in ROLE_PERMISSIONS[role])
    assert ('id="kill-switch"' in page) == ("halt" in ROLE_PERMISSIONS[role])
    assert ('href="/admin/"' in page) == ("manage_settings" in ROLE_PERMISSIONS[role])


def test_an_unknown_address_is_a_page_of_ours(as_role) -> None:
    answer = as_role("viewer").get("/nothing/here/")
    assert answer.status_code == 404
    assert "does not exist" in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "home"), [("/orders?show=open", "/orders/?show=open"), ("/admin", "/admin/")]
)
def test_a_missing_slash_is_added(as_role, address, home) -> None:
    answer = as_role("viewer").get(address)
    assert (answer.status_code, answer.url) == (302, home)


@pytest.mark.parametrize("address", ["/nothing", "//elsewhere.example/x", "/bots/new?x=1/..//"])
def test_an_address_never_leads_off_the_desk(as_role, address) -> None:
    answer = as_role("viewer").get(address)
    assert answer.status_code in {302, 403, 404}
    assert not answer.headers.get("Location", "/").startswith(("//", "http"))
