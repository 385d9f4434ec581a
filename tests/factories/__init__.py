"""Rows for tests, each with sane values that a test may override.

One function a row; what a row needs and is not given is made with it.
"""

from tests.factories.bots import make_bot, make_config, make_strategy_version, make_target
from tests.factories.orders import (
    fill_report,
    make_draft,
    make_fill,
    make_order,
    make_verdict,
    order_report,
)
from tests.factories.venues import make_account, make_instrument, make_perpetual, make_quote

__all__ = [
    "fill_report", "make_account", "make_bot", "make_config", "make_draft", "make_fill",
    "make_instrument", "make_order", "make_perpetual", "make_quote", "make_strategy_version",
    "make_target", "make_verdict", "order_report",
]  # fmt: skip
