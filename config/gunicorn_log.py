"""Gunicorn's own words in the shape of the site's log: its first process never reads Django's settings."""

import os
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from config.logs import formatter


class SiteLogger(Logger):
    """For `--logger-class`: gunicorn's logger with our formatter, as LOG_FORMAT says."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn does, and then the formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter(os.environ.get("LOG_FORMAT") or "console"))
