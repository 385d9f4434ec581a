"""Which database an app lives in."""

from __future__ import annotations

from typing import Any

from django.db.models import Model


class DeskRouter:
    """The simulated exchange has a database of its own; everything else is the desk's."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        """Return the alias that reads `model`."""
        return "simulator" if model._meta.app_label == "simulator" else "default"

    db_for_write = db_for_read

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool:
        """Relations never cross the two databases."""
        return (obj1._meta.app_label == "simulator") == (obj2._meta.app_label == "simulator")

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """`owner` and `default` hold the desk, `simulator` the exchange."""
        return (app_label == "simulator") == (db == "simulator")
