"""The base of every named error."""

from __future__ import annotations

from typing import Any


class DeskError(Exception):
    """An error with a stable code and the values that explain it.

    `code` is UPPER_SNAKE and never changes its meaning; `context` holds plain values
    (what was found, what would pass). Subclasses set `default_code` and `status`, the HTTP
    status that the API answers.
    """

    default_code = "DESK_ERROR"
    status = 400

    def __init__(self, code: str | None = None, /, **context: Any) -> None:
        self.code = code or self.default_code
        self.context = context
        super().__init__(str(self))

    @property
    def message(self) -> str:
        """The sentence for a person, when the raiser gave one."""
        return str(self.context.get("message", self.code.replace("_", " ").capitalize()))

    def __str__(self) -> str:
        values = " ".join(f"{key}={value}" for key, value in self.context.items())
        return f"{self.code} {values}".rstrip()


class InvalidInput(DeskError):
    """Something that was handed in does not fit; `context["field"]` names it where one does."""

    default_code = "INVALID_INPUT"


class NotFound(DeskError):
    """The named object does not exist or may not be seen."""

    default_code = "NOT_FOUND"
    status = 404


class NotPermitted(DeskError):
    """The actor lacks the permission; `context["permission"]` names it."""

    default_code = "NOT_PERMITTED"
    status = 403


class Conflict(DeskError):
    """The object's state does not allow this act now."""

    default_code = "CONFLICT"
    status = 409


class RequiresChangeRequest(Conflict):
    """This widens risk, so it needs an approved change request."""

    default_code = "REQUIRES_CHANGE_REQUEST"
