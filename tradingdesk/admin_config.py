"""Use the desk's own admin site in place of Django's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class DeskAdminConfig(SimpleAdminConfig):
    """Finds the admin's pages with the addresses: workers, feed and control never load them."""

    default_site = "apps.dashboard.admin_site.DeskAdminSite"

    def ready(self) -> None:
        """Register what `manage.py check` asks of the admin."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(app_configs: Sequence[AppConfig] | None, **named: Any) -> list[checks.CheckMessage]:
    """Check every page of the admin, found first."""
    autodiscover()
    return list(check_admin_app(app_configs, **named))
