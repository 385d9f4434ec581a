"""Where the lines of the processes go: all into files, only warnings to the console."""

from __future__ import annotations

import json
import logging
import logging.handlers
import re
import sys
from pathlib import Path

_BYTES_MAX = 10_000_000
_FILES_KEPT = 3
_LOUD_LEVELS = {"warning", "error", "critical"}
_LOUD_TEXT = re.compile(
    r"^(Traceback \(most recent call last\)|[\w.]*(Error|Exception):)|\b(ERROR|CRITICAL)\b"
)
_LINE_MAX = 300
_LAST_WORDS_MAX = 160


def say(words: str) -> None:
    """Write one line to the console."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


class Journal:
    """The log file of one process, with its name before each line."""

    def __init__(self, folder: Path, name: str, *, width: int) -> None:
        self.prefix = f"{name:<{width}} | "
        self.path = folder / f"{name}.log"
        self.last_words = ""
        self._handler = logging.handlers.RotatingFileHandler(
            self.path, maxBytes=_BYTES_MAX, backupCount=_FILES_KEPT, encoding="utf-8"
        )

    def write(self, line: str) -> None:
        """Store one line; show it, shortened, when it is a warning or worse."""
        record = logging.LogRecord("desk", logging.INFO, "", 0, self.prefix + line, (), None)
        self._handler.emit(record)
        self.last_words = line.strip()[:_LAST_WORDS_MAX] or self.last_words
        loud = loud_part(line)
        if loud:
            say(self.prefix + loud[:_LINE_MAX])

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


def loud_part(line: str) -> str | None:
    """Return what the console should show of a log line: nothing below a warning."""
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {}
        level = str(entry.get("level", "")).lower()
        if level:
            if _is_routine(entry, level):
                return None
            words = f"{level.upper()} {entry.get('event', '')} {_context(entry)}".rstrip()
            return words if level in _LOUD_LEVELS else None
    return line if _LOUD_TEXT.search(line) else None


def _context(entry: dict[str, object]) -> str:
    hidden = {"event", "level", "timestamp", "logger", "exception", "request_id", "lineno"}
    return " ".join(f"{key}={value}" for key, value in entry.items() if key not in hidden)


def _is_routine(entry: dict[str, object], level: str) -> bool:
    """A page that was not found, or /readyz saying "not yet", is nothing to show a newcomer."""
    event = str(entry.get("event", ""))
    return (
        event == "request_finished"
        or event.endswith("/readyz")
        or (level == "warning" and entry.get("logger") == "django.request")
    )
