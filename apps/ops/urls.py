"""Addresses for machines that watch the desk. They show no secrets; `metrics` asks who reads."""

from __future__ import annotations

from django.urls import path

from apps.ops.views import healthz, metrics, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
