"""Settings of a site that is made to be looked at and thrown away: its static files are gathered in its own folder."""

from config.settings import *  # noqa: F403

STATIC_ROOT = DATA_DIR / "static"  # noqa: F405
