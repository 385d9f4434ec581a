"""Addresses for machines that watch the desk. They need no sign-in and show no secrets."""

from __future__ import annotations

from django.urls import path

from apps.ops.views import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
