"""What strategies are made of. TA-Lib is loaded here first, and without pandas.

Where pandas is installed TA-Lib loads it, to take its series: a second of each process's start.
The strategies give it numpy arrays.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

# None makes an import fail, as where it is not installed
sys.modules.setdefault("pandas", cast(ModuleType, None))

import talib  # noqa: E402 - after what it must not find

if sys.modules["pandas"] is None:
    del sys.modules["pandas"]

__all__ = ["talib"]
