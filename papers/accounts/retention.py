"""For how long what is kept of readers is kept: the task that deletes it and the privacy page go by these numbers."""

from typing import Final

VISITOR_IDLE_DAYS: Final = 400  # a browser's stars and marks, after the last of them; its cookie lives as long
HISTORY_DAYS: Final = 365  # when which paper was opened
DIGEST_DAYS: Final = 90  # which papers a mail told of, so that none is told twice
UNVERIFIED_DAYS: Final = 14  # an account whose address was never verified, where the site sends mail
SESSION_DAYS: Final = 60  # a device that is signed in, after it signed in
TOKEN_DAYS: Final = 30  # a token for the API, after it has ended
