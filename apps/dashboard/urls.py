"""Addresses of the staff screens."""

from __future__ import annotations

from django.urls import path, re_path

from apps.dashboard.views import fleet, session
from apps.dashboard.views.missing import missing

urlpatterns = [
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("welcome/<str:token>", session.welcome, name="welcome"),
    path("me/appearance/", session.appearance, name="appearance"),
    path("frame/strip/", fleet.strip, name="strip"),
    path("", fleet.fleet, name="fleet"),
    re_path(r"^.*$", missing),
]
