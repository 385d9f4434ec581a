"""Base fields and models: one definition of money, price and id columns."""

from __future__ import annotations

from typing import Any

from django.db import models

from apps.core.ids import new_id


class MoneyField(models.DecimalField):  # type: ignore[type-arg]
    """NUMERIC(38,18): prices, amounts in base units, costs in quote units."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"], kwargs["decimal_places"] = 38, 18
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the fixed precision out of migrations."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs


class DeskModel(models.Model):
    """A row with a UUIDv7 key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True
