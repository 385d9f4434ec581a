"""The admin: configuration and audit review; nothing in it moves money."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

GROUPS = ("Configure", "Govern", "Reference", "Records", "System")
# Who may open it; each page asks for its own permission besides.
DOORS = ("accounts.manage_settings", "accounts.manage_people", "accounts.view_audit")


class DeskAdminSite(AdminSite):
    """The desk's own admin site: grouped by purpose, open by role and not by a staff flag."""

    site_header = "Trading Desk"
    site_title = "Trading Desk"
    index_title = "Configuration and records"
    enable_nav_sidebar = False
    site_url = None
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether a role of the person opens the admin."""
        return request.user.is_active and any(request.user.has_perm(door) for door in DOORS)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the pages by purpose; a single app keeps Django's form."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        grouped: dict[str, list[Any]] = {name: [] for name in GROUPS}
        for app in apps:
            for page in app["models"]:
                if app["app_label"] == "simulator":
                    page["name"] = f"Simulated exchange: {page['name'].lower()}"
                group = getattr(self._registry[page["model"]], "group", "System")
                grouped[group].append(page)
        return [
            {
                "name": name,
                "app_label": name.lower(),
                "app_url": "",
                "has_module_perms": True,
                "models": pages,
            }
            for name, pages in grouped.items()
            if pages
        ]
