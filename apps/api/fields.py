"""Values as the API writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.domain.money import exact, plain


@extend_schema_field({"type": "string", "format": "decimal", "example": "0.042"})
class MoneyText(serializers.Field):  # type: ignore[type-arg]
    """A Decimal as text without exponent; floats are refused on the way in."""

    def to_representation(self, value: Decimal) -> str:
        """Return plain text."""
        return plain(value)

    def to_internal_value(self, data: Any) -> Decimal:
        """Return an exact Decimal from text or an integer."""
        return exact(data, field=self.field_name or "value")
