"""Tests of the whole; they mirror the apps."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real papers and judged sets, beside the checkout of developers and nowhere else."""
