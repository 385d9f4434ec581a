"""The canonical content: one text, one hash, the same in Python and in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.approvals.domain.content import canonical, canonical_text, content_hash
from apps.core.errors import InvalidInput

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_the_text_does_not_depend_on_order_or_on_how_a_number_was_written() -> None:
    one = {"b": Decimal("1.50"), "a": [1, True, None], "é": "ü"}
    two = {"é": "ü", "a": [1, True, None], "b": Decimal("1.5")}
    assert canonical_text(one) == '{"a":[1,true,null],"b":"1.5","é":"ü"}'
    assert content_hash(one) == content_hash(two)


def test_ids_and_times_become_text() -> None:
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert canonical({"i": UUID(int=1), "t": at, "f": 0.5}) == {
        "i": "00000000-0000-0000-0000-000000000001",
        "t": "2026-11-20T09:00:00+00:00",
        "f": "0.5",
    }


def test_what_has_no_one_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="CONTENT_NOT_CANONICAL"):
        canonical({"x": {1, 2}})


@pytest.mark.django_db
@settings(max_examples=150, deadline=None)
@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_postgresql_computes_the_same_hash(content: dict[str, object]) -> None:
    import json

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(sha256(convert_to(approvals_canonical(%s::jsonb), 'UTF8')), 'hex')",
            [json.dumps(canonical(content))],
        )
        assert cursor.fetchone()[0] == content_hash(content)
