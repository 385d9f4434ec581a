"""`python -m tradingdesk.embedded COMMAND …`: one process with the desk's environment.

For processes started one by one (containers, `celery inspect`): fills in .env, generated secrets
and addresses, then becomes the command. It starts no server.
"""

from __future__ import annotations

import os
import sys

from tradingdesk.embedded.environment import configure_environment


def main() -> None:
    """Become the command given."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tradingdesk.embedded COMMAND [ARGUMENT …]")
    configure_environment(["manage.py"])
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the caller's


if __name__ == "__main__":
    main()
