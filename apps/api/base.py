"""What all resources share."""

from __future__ import annotations

from typing import Any

from django.db import models
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.caller import acts
from apps.api.fields import MoneyText
from apps.core.actor import Actor
from apps.core.fields import MoneyField


class DeskSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """A model serializer that writes money as text."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        MoneyField: MoneyText,
    }

    def build_standard_field(self, field_name: str, model_field: models.Field[Any, Any]) -> Any:
        """Money fields need none of the decimal options."""
        field_class, options = super().build_standard_field(field_name, model_field)
        if field_class is MoneyText:
            options = {
                k: v for k, v in options.items() if k in {"read_only", "required", "help_text"}
            }
        return field_class, options


class ReadResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """List and retrieve; `needs` names the permission of each action."""

    needs: dict[str, str] = {"read": "view_desk"}
    ordering: str | tuple[str, ...] = "-id"

    def actor(self) -> Actor:
        """Return the caller as the audit writes it."""
        return acts(self.request)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Tell the caller how much of its rate is left."""
        done = super().finalize_response(request, response, *args, **kwargs)
        rate = request._request.META.get("desk.rate")
        if rate:
            limit, left, seconds = rate
            done["RateLimit-Limit"], done["RateLimit-Remaining"] = str(limit), str(left)
            done["RateLimit-Reset"] = str(seconds)
        return done
