"""Who may open a page: every view says its permission once, through `requires` or `everyone`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import structlog
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render

from apps.accounts import queries as accounts
from apps.accounts.domain.roles import PERMISSIONS, permissions_of
from apps.core.actor import Actor
from apps.core.errors import DeskError, NotFound
from apps.dashboard.domain.words import sentence

View = Callable[..., HttpResponseBase]
OPEN_TO_EVERYONE = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may do: by their groups alone, a superuser flag adds nothing."""

    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()

    def __contains__(self, permission: object) -> bool:
        return permission in self.permissions


def rights_of(user: Any) -> Rights:
    """Return the roles and permissions of `user` (one statement, kept on the user object)."""
    if not user.is_authenticated or not user.is_active:
        return Rights()
    kept = getattr(user, "_desk_rights", None)
    if kept is None:
        rows = list(Group.objects.filter(user=user).values_list("name", "permissions__codename"))
        kept = Rights(
            roles=tuple(sorted({name for name, _ in rows})),
            permissions=frozenset(code for name, code in rows if code in permissions_of({name})),
        )
        user._desk_rights = kept
    return kept


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in person as the actor that audit rows keep."""
    bound = structlog.contextvars.get_contextvars()
    return accounts.actor_of(
        user=request.user,  # type: ignore[arg-type]
        address=request.META.get("REMOTE_ADDR", ""),
        request_id=str(bound.get("request_id", "")),
    )


def requires(
    permission: str, *, methods: tuple[str, ...] = ("GET", "HEAD")
) -> Callable[[View], View]:
    """Guard a view with one permission and its methods; errors become pages that say why."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if permission not in rights_of(request.user):
                return refused(request, permission)
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return _answered(view, request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return wrap


def everyone(view: View) -> View:
    """Mark a view as open without a sign-in; it must be one of the doors."""
    view.permission = OPEN_TO_EVERYONE  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Guard a view that any signed-in person may use on themselves."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return _answered(view, request, *args, **kwargs)

    guarded.permission = "signed_in"  # type: ignore[attr-defined]
    return guarded


def requires_post(view: View) -> View:
    """Refuse everything but POST, before anything else is looked at."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return view(request, *args, **kwargs)

    return guarded


def refused(request: HttpRequest, permission: str) -> HttpResponse:
    """Return the page that names the missing permission."""
    words = PERMISSIONS.get(permission, permission)
    return render(
        request, "errors/refused.html", {"permission": permission, "words": words}, status=403
    )


def not_found(request: HttpRequest, what: str = "This page") -> HttpResponse:
    """Return the page for an object or address that is not there."""
    return render(request, "errors/missing.html", {"what": what}, status=404)


def problem(request: HttpRequest, error: DeskError) -> HttpResponse:
    """Return the page for a named error: its sentence, code and values."""
    told = {k: v for k, v in error.context.items() if k not in {"message", "field"}}
    words = error.context.get("message") or sentence(error.code)
    context = {"error": error, "words": words, "values": told}
    return render(request, "errors/problem.html", context, status=error.status)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=401)
        answer["HX-Refresh"] = "true"
        return answer
    return redirect_to_login(request.get_full_path())


def _answered(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    try:
        return view(request, *args, **kwargs)
    except (Http404, NotFound) as error:
        return not_found(
            request, str(error) if isinstance(error, Http404) and str(error) else "This object"
        )
    except DeskError as error:
        return problem(request, error)
