"""The real settings with stand-in values: for tools that read settings but start nothing."""

from __future__ import annotations

import os
from pathlib import Path

from tradingdesk.embedded.access import Access
from tradingdesk.embedded.environment import name_servers
from tradingdesk.embedded.generated import GENERATORS

name_servers(Access(Path("/nonexistent")), os.environ)
for _name, _make in GENERATORS.items():
    os.environ.setdefault(_name, _make())

from tradingdesk.settings import *  # noqa: E402, F403
