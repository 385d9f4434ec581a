"""Who asks for a promotion, and who votes."""

from __future__ import annotations

import pytest

from tests.approvals.people import person


@pytest.fixture
def sam():
    return person("sam", "strategist")


@pytest.fixture
def rita():
    return person("rita", "risk_manager")
