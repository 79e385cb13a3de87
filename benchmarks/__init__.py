"""Speed and agreement, measured on real papers."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real papers and their vectors, beside the checkout of developers and nowhere else."""
