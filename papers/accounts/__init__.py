"""Accounts: who a request's reader is, what she takes along when she signs in, what she may have of her data."""
