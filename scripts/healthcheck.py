"""Whether the web server of this container answers: exit status 0, or 1 and the reason. Standard library only.

Any answer counts, also "wrong host name": a process that serves gave it. The address asked for needs no database, since
a site without one is to be mended there and not by a new web container.
"""

import http.client
import os
import sys

TIMEOUT = 8  # seconds


def main() -> None:
    """Ask this container's own port once."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    path = os.environ.get("SCRIPT_NAME", "").rstrip("/") + "/healthz"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("HEAD", path)
        connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"no answer on port {port}: {error}")
    finally:
        connection.close()


if __name__ == "__main__":
    main()
