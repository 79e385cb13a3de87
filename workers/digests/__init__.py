"""Mails to readers: when they are due, what is in them, how each is sent once, and what comes back."""
