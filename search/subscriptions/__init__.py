"""Subscriptions: what matches them on a day, their pages and feeds, and the morning page."""
