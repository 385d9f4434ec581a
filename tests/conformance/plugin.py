"""Counts the recorded exchange cases that passed and says so at the end of the run.

A plugin and not a conftest: under xdist the controller collects nothing, so it must be told by
name (`pytest_plugins` of the suite's conftest).
"""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = terminalreporter.stats.get("passed", [])
    recorded = [r for r in passed if "recorded" in r.keywords and r.when == "call"]
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if "recorded" in r.keywords]
    if recorded or skipped:
        terminalreporter.write_line(f"recorded exchange cases passed: {len(recorded)}")
