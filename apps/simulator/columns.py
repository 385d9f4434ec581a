"""Kinds of columns in the tables of the simulated exchange."""

from __future__ import annotations

from django.db import models


def number() -> models.DecimalField:
    """Return an exact number column; its unit stands beside its name."""
    return models.DecimalField(max_digits=38, decimal_places=18, default=0)
