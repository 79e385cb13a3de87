"""A command-line client of a Papertide site: `python -m papertide_client --help`. It needs Python alone."""

VERSION = "0.1.0"
