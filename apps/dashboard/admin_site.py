"""The admin: configuration and audit review; nothing in it moves money."""

from __future__ import annotations

from django.contrib.admin import AdminSite


class DeskAdminSite(AdminSite):
    """The desk's own admin site."""

    site_header = "Trading Desk"
    site_title = "Trading Desk"
    index_title = "Configuration and records"
