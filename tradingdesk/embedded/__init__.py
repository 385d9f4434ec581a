"""PostgreSQL and Valkey from wheels, in the data folder of the desk (DESK_HOME)."""

from __future__ import annotations

from tradingdesk.embedded.access import Access, admin_dsn, home
from tradingdesk.embedded.environment import configure_environment, name_servers
from tradingdesk.embedded.services import EmbeddedError, EmbeddedServices, ensure

__all__ = [
    "Access",
    "EmbeddedError",
    "EmbeddedServices",
    "admin_dsn",
    "configure_environment",
    "ensure",
    "home",
    "name_servers",
]
