#!/usr/bin/env python
"""Command line of the desk; finds the embedded servers of DESK_HOME unless DATABASE_URL is set."""

import os
import sys

from django.core.management import execute_from_command_line

from tradingdesk.embedded import configure_environment


def main() -> None:
    """Prepare the environment, then hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingdesk.settings")
    configure_environment(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
