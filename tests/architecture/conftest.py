from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker reads the sources, once, for all of them."""
    for item in items:
        if "tests/architecture/" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("architecture"))
