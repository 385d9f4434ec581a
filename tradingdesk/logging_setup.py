"""structlog as JSON lines; the same ids from web to worker."""

from __future__ import annotations

from typing import Any

import structlog

from apps.core.scrubbing import scrub

SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def scrub_line(_: Any, __: str, line: Any) -> Any:
    """Take secrets out of a line, traceback and all, before anyone prints it."""
    return scrub(line)


def configure_structlog() -> None:
    """Route structlog through the standard library's handlers."""
    structlog.configure(
        processors=[
            *SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_config(*, level: str, fmt: str) -> dict[str, Any]:
    """Return Django's LOGGING: JSON on stderr, or words for a terminal (`fmt="console"`)."""
    renderer: Any = structlog.processors.JSONRenderer()
    if fmt == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "desk": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    scrub_line,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "desk"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": level, "propagate": False},
            "uvicorn.access": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "kombu.connection": {"level": "ERROR"},  # a socket has no host name, and it says so
            "celery.worker.strategy": {"level": "WARNING"},
            # an expired nudge has been followed by a newer one: not worth a warning
            "django_structlog.celery.receivers": {"level": "ERROR"},
            "django_structlog.middlewares.request": {"level": "INFO"},
        },
    }
