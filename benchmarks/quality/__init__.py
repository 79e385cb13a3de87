"""What is found, and how well: the figures of docs/quality.md."""
