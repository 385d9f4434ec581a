"""Loads the Celery application with Django, so that every process sends its tasks through it."""

from __future__ import annotations

from django.apps import AppConfig

from tradingdesk.celery import app

__all__ = ["TradingDeskConfig", "app"]


class TradingDeskConfig(AppConfig):
    """The package that wires the desk."""

    name = "tradingdesk"
