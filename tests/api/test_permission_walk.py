"""Every address of the desk has a rule; every API method and admin page meets every role."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient

from apps.accounts.domain.roles import PERMISSIONS, ROLE_PERMISSIONS
from apps.api.permissions import needed
from apps.api.resources.bot_acts import ACTS
from apps.api.urls import router
from apps.core.admin import RecordAdmin
from apps.dashboard.admin_site import DOORS

pytestmark = pytest.mark.django_db(databases=["default", "simulator"])
# Open to anyone: signs of life, and the schema with the page and script that show it.
OPEN = {"healthz", "readyz", "api/v1/health", "api/schema/", "api/docs/", "api/docs/script.js"}
ROLES = sorted(ROLE_PERMISSIONS)
BACKEND = "apps.accounts.backends.RolesBackend"


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for item in resolver.url_patterns:
        path = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from routes(item, path)
        else:
            yield path, item


def api_calls() -> list[tuple[str, str, str, Any]]:
    """(method, path, action, view class) of every call that the router serves."""
    found = []
    for prefix, resource, _ in router.registry:
        for route in router.get_routes(resource):
            for method, action in router.get_method_map(resource, route.mapping).items():
                lookup = "00000000-0000-0000-0000-000000000000"
                path = route.url.format(prefix=prefix, lookup=lookup, trailing_slash="/")
                path = path.replace(r"(?P<verb>[a-z-]+)", "pause").strip("^$")
                found.append((method, f"/api/v1/{path}", action, resource))
    return found


def test_every_address_has_a_rule() -> None:
    without = []
    for path, pattern in routes(get_resolver()):
        view = pattern.callback
        declared = hasattr(view, "permission") or hasattr(getattr(view, "cls", None), "needs")
        if not (declared or path in OPEN or path.startswith("admin/")):
            without.append(path)
    assert without == []


def test_every_api_call_names_a_permission() -> None:
    missing = [
        (m, p) for m, p, action, view in api_calls() if needed(view, action) not in PERMISSIONS
    ]
    assert missing == []


@pytest.mark.parametrize("role", ROLES)
def test_each_role_meets_what_the_api_declares(role: str, client_of: Any) -> None:
    client: APIClient = client_of(role)
    for method, path, action, view in api_calls():
        answer = client.generic(
            method.upper(),
            path,
            "{}",
            content_type="application/json",
            HTTP_IDEMPOTENCY_KEY=uuid.uuid4().hex,
        )
        permission = ACTS["pause"].permission if action == "act" else needed(view, action)
        allowed = permission in ROLE_PERMISSIONS[role]
        assert (answer.status_code == 403) == (not allowed), (
            role,
            method,
            path,
            answer.status_code,
        )
        assert answer.status_code != 500


def test_nobody_without_a_sign_in_meets_anything(client_of: Any) -> None:
    client = APIClient()
    for method, path, _, _ in api_calls():
        answer = client.generic(method.upper(), path, "{}", content_type="application/json")
        assert answer.status_code == 401, (method, path)


def test_every_admin_page_is_a_record_with_a_permission() -> None:
    wrong = [
        model.__name__
        for model, page in admin.site._registry.items()
        if not isinstance(page, RecordAdmin) or page.needs not in PERMISSIONS
    ]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_each_role_meets_its_admin_pages(role: str, person: Any) -> None:
    client = Client()
    client.force_login(person(role), backend=BACKEND)
    may = {f"accounts.{name}" for name in ROLE_PERMISSIONS[role]}
    inside = bool(may & set(DOORS))
    for model, page in admin.site._registry.items():
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = client.get(reverse(f"{base}_changelist"))
        expected = 302 if not inside else 200 if f"accounts.{page.needs}" in may else 403
        assert listed.status_code == expected, (role, base)
        if inside:
            added = client.get(reverse(f"{base}_add"))
            manages = model.__name__ == "User" and "accounts.manage_people" in may
            assert added.status_code == (200 if manages else 403), (role, base)


def test_the_superuser_flag_opens_nothing(person: Any) -> None:
    nobody = person("viewer")
    nobody.is_superuser = nobody.is_staff = True
    nobody.save()
    client = Client()
    client.force_login(nobody, backend=BACKEND)
    assert client.get(reverse("admin:index")).status_code == 302
    assert client.get("/audit/").status_code == 403
