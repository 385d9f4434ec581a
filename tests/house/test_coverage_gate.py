"""The gate counts branches, and looks at strategies and strict domains apart."""

from __future__ import annotations

from tests.coverage_gate import measure


def counted(covered: int, wanted: int) -> dict:
    return {
        "summary": {
            "covered_lines": covered,
            "num_statements": wanted,
            "covered_branches": 0,
            "num_branches": 10,
        }
    }


def test_each_figure_of_the_defaults_is_measured_with_its_branches() -> None:
    rows = measure(
        {
            "apps/strategies/domain/catalogue/sma_cross.py": counted(60, 90),
            "apps/strategies/domain/catalogue/__init__.py": counted(0, 90),
            "apps/orders/domain/lifecycle.py": counted(90, 90),
            "apps/api/views.py": counted(50, 90),
        }
    )
    assert rows == [
        ("apps/strategies/domain/catalogue/sma_cross.py", 60.0, 70.0),
        ("apps/orders/domain/", 90.0, 95.0),
        ("apps/risk/domain/", 100.0, 95.0),
        ("apps/portfolio/domain/", 100.0, 95.0),
        ("total", 50.0, 80.0),
    ]
