"""What the log looks like: lines for people, or one JSON object a line for programs."""

import logging
from typing import Any

import structlog

# What is common to structlog's loggers and to those of libraries. A run that is being done binds its id as context.
_COMMON: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

_TALKATIVE = ("sentence_transformers", "transformers", "httpx", "filelock", "mcp")


def formatter(style: str) -> logging.Formatter:
    """The formatter of all lines; `style` is console or json."""
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        plain = structlog.dev.plain_traceback
        last.append(structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain))
    return structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=_COMMON)


def logging_settings(style: str, level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"site": {"()": formatter, "style": style}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "site"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            **{name: {"level": "WARNING"} for name in _TALKATIVE},
            "elastic_transport": {"level": "ERROR"},  # tells each try with a traceback; what came of it, the site tells
            # Its own handlers would write lines of another shape, and the mails that Django adds nobody asked for.
            "django": {"handlers": []},
            # A traceback for each stranger's guess at our name; that it was refused is told by `django.request`.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django.server": {"handlers": [], "propagate": True},
        },
    }


def configure_structlog() -> None:
    """Have structlog's loggers hand on to the standard library's, whose handler renders."""
    structlog.configure(
        processors=[
            *_COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
