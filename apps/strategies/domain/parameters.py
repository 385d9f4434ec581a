"""Typed parameters: bounds beside the field, one schema for forms, one parser for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from apps.core.errors import InvalidInput
from apps.strategies.domain.base import Strategy

TYPES: Final[dict[str, str]] = {"int": "integer", "float": "number"}


def bounded(default: float, *, title: str, text: str, minimum: float, maximum: float) -> Any:
    """Return a dataclass field with its bounds (inclusive), title and help."""
    meta = {"title": title, "help": text, "min": minimum, "max": maximum}
    return dataclasses.field(default=default, metadata=meta)


def schema(strategy: Strategy) -> dict[str, Any]:
    """Return the parameters' schema, JSON-schema-like: per name type, title, help, min, max, default."""
    return {
        "type": "object",
        "properties": {
            field.name: {"type": TYPES[str(field.type)], "default": field.default, **field.metadata}
            for field in dataclasses.fields(strategy.Parameters)
        },
    }


def parse_parameters(strategy: Strategy, raw: Mapping[str, Any]) -> Any:
    """Return the strategy's typed parameters; names left out take their defaults.

    :raises InvalidInput: `UNKNOWN_PARAMETER`, `PARAMETER_WRONG_TYPE`, `PARAMETER_OUT_OF_RANGE`.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput("PARAMETER_WRONG_TYPE", field="parameters", wanted="object")
    properties = schema(strategy)["properties"]
    for name in raw:
        if name not in properties:
            raise InvalidInput("UNKNOWN_PARAMETER", field=str(name), known=sorted(properties))
    values = {name: _checked(name, properties[name], value) for name, value in raw.items()}
    parameters = strategy.Parameters(**values)
    strategy.check(parameters)
    return parameters


def _checked(name: str, rule: Mapping[str, Any], value: Any) -> int | float:
    """Return one value of the right type within its bounds."""
    wanted = rule["type"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (wanted == "integer" and not isinstance(value, int)):
        raise InvalidInput("PARAMETER_WRONG_TYPE", field=name, wanted=wanted, value=value)
    if not rule["min"] <= value <= rule["max"]:
        raise InvalidInput(
            "PARAMETER_OUT_OF_RANGE", field=name, value=value, min=rule["min"], max=rule["max"]
        )
    return value if wanted == "integer" else float(value)
