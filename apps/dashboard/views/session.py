"""The doors: sign in and out, the one-time link, and one's own appearance."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.actions.choose_appearance import choose_appearance
from apps.accounts.actions.use_welcome_link import WelcomeRefused
from apps.accounts.models import User
from apps.dashboard.access import actor_of, everyone, requires_post, signed_in
from apps.dashboard.safe import local_address
from apps.ops.actions.accept_welcome_link import accept_welcome_link

LINK_WORDS = {
    "WELCOME_LOOPBACK_ONLY": "It works only in a browser on the machine where the desk runs.",
    "WELCOME_BESIDE_LIVE_ACCOUNT": "This desk holds a live account: sign in with your password.",
    "WELCOME_LINK_INVALID": "It was used already, is older than 15 minutes, or was never made.",
}


class SignInForm(AuthenticationForm):
    """Name and password; a machine never signs in."""

    error_messages = {
        "invalid_login": "Name and password do not fit together.",
        "inactive": "This person may no longer sign in.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {"autocomplete": "username", "autofocus": True}

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse inactive people and machines."""
        super().confirm_login_allowed(user)
        if user.is_machine:
            raise ValidationError("A machine uses its tokens; it cannot sign in.", code="machine")


sign_in = everyone(
    LoginView.as_view(
        template_name="session/sign_in.html",
        authentication_form=SignInForm,
        redirect_authenticated_user=True,
    )
)
sign_out = everyone(LogoutView.as_view())


@everyone
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by the one-time link of a first run."""
    try:
        user = accept_welcome_link(token=token, address=request.META.get("REMOTE_ADDR", ""))
    except WelcomeRefused as error:
        words = LINK_WORDS.get(error.code, "")
        context = {"code": error.code, "words": words}
        return render(request, "session/welcome_refused.html", context, status=error.status)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return redirect("/")


@requires_post
@signed_in
def appearance(request: HttpRequest) -> HttpResponse:
    """Store theme and palette."""
    user = request.user
    assert isinstance(user, User)
    choose_appearance(
        actor=actor_of(request),
        user=user,
        theme=request.POST.get("theme", ""),
        palette=request.POST.get("palette", ""),
    )
    messages.success(request, "Appearance changed.")
    return redirect(local_address(request, request.POST.get("next", "/")))
