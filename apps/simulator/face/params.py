"""Reading request parameters the way Binance judges them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import orjson

from apps.core.domain.money import ZERO
from apps.simulator.domain.refusals import Refusal

_NUMBER: Final = re.compile(r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
_INTEGER: Final = re.compile(r"^[0-9]{1,20}$")
_CLIENT_ID: Final = re.compile(r"^[a-zA-Z0-9-_.:/]{1,36}$")


class Params:
    """The parameters of one request, query and body together."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def require(self, names: Iterable[str]) -> None:
        """Demand parameters.

        :raises Refusal: -1102 for the first that is missing or empty.
        """
        for name in names:
            if not self._values.get(name):
                raise Refusal(
                    -1102,
                    f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
                )

    def forbid(self, names: Iterable[str]) -> None:
        """Refuse parameters that make no sense here.

        :raises Refusal: -1106 for the first that was sent.
        """
        for name in names:
            if name in self._values:
                raise Refusal(-1106, f"Parameter '{name}' sent when not required.")

    def allow_only(self, names: set[str]) -> None:
        """Refuse parameters nobody reads.

        :raises Refusal: -1104 when there are any.
        """
        read = sum(name in names for name in self._values)
        if read < len(self._values):
            raise Refusal(
                -1104,
                f"Not all sent parameters were read; read '{read}' parameter(s) "
                f"but was sent '{len(self._values)}'.",
            )

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter as it came."""
        return self._values.get(name, default)

    def has(self, name: str) -> bool:
        """Return whether the parameter was sent."""
        return name in self._values

    def number(self, name: str) -> Decimal:
        """Return a positive decimal, zero when it was not sent.

        :raises Refusal: -1100 for anything else, -1111 for more than eight places.
        """
        value = self._values.get(name)
        if value is None:
            return ZERO
        if not _NUMBER.match(value):
            raise _illegal(name, _NUMBER.pattern)
        if len(value.partition(".")[2].rstrip("0")) > 8:
            raise Refusal(-1111, f"Parameter '{name}' has too much precision.")
        return Decimal(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number.

        :raises Refusal: -1100 for anything else.
        """
        value = self._values.get(name)
        if value is None:
            return default
        if not _INTEGER.match(value):
            raise _illegal(name, _INTEGER.pattern)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        """Return the number of rows asked for, at most `most`."""
        return max(1, min(self.integer("limit", default) or default, most))

    def client_id(self, name: str) -> str:
        """Return a client order id, empty when it was not sent.

        :raises Refusal: -1100 for characters or lengths Binance does not take.
        """
        value = self._values.get(name, "")
        if value and not _CLIENT_ID.match(value):
            raise _illegal(name, "^[a-zA-Z0-9-_]{1,36}$")
        return value

    def choice(self, name: str, options: Iterable[str], refusal: Refusal) -> str:
        """Return a parameter that is one of `options`.

        :raises Refusal: `refusal` when it is none of them.
        """
        value = self._values.get(name, "")
        if value not in options:
            raise refusal
        return value

    def symbols(self) -> list[str] | None:
        """Return `symbol` or the JSON list `symbols`, None when neither was sent.

        :raises Refusal: -1100 when `symbols` is no JSON list.
        """
        if self.has("symbol"):
            return [self.text("symbol")]
        if not self.has("symbols"):
            return None
        try:
            listed = orjson.loads(self.text("symbols"))
        except orjson.JSONDecodeError as error:
            raise _illegal("symbols", "^\\[.*\\]$") from error
        return [str(symbol) for symbol in listed]


def _illegal(name: str, pattern: str) -> Refusal:
    return Refusal(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'."
    )
