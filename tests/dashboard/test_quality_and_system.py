"""Execution quality against its thresholds, and what the system page tells of itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import now
from apps.dashboard.queries.quality import read_quality
from apps.dashboard.queries.system import size_words
from apps.dashboard.views.system import liveness
from apps.ops.domain.manifest import Manifest
from apps.ops.gateways import backup_folder
from apps.ops.models import Finding, Heartbeat
from apps.orders.models import OrderQuality, QualityWatch
from apps.risk.models import DeskBuild
from tests.dashboard.conftest import trading_bot
from tests.factories import make_instrument, make_order, make_quote

pytestmark = pytest.mark.django_db


def measured_bot(orders: int):
    bot = trading_bot(slug=f"bot-of-{orders}")
    for number in range(orders):
        order = make_order(bot, status="filled")
        OrderQuality.objects.create(
            order=order, account=bot.account, bot=bot, ended_at=now(), status="filled",
            slippage_bps=10 + 10 * number, acknowledge_ms=40, fill_ms=50, fill_ratio=1,
        )  # fmt: skip
    return bot


def test_quality_costs_the_same_for_one_bot_and_for_three(django_assert_num_queries) -> None:
    for orders in (1, 2, 3):
        measured_bot(orders)
        with django_assert_num_queries(4):
            read_quality()


def test_the_page_shows_figures_levels_and_thresholds(as_role) -> None:
    bot = measured_bot(3)
    QualityWatch.objects.create(bot=bot, measure="slippage_bps", level="warning", changed_at=now())
    client = as_role("viewer")
    for address in ("/quality/", f"/bots/{bot.slug}/quality/"):
        page = client.get(address).content.decode()
        for words in ("20.0 bps", "40 ms", "100.0 %", "0.0 %", "Warning", "30 bps", "80 bps"):
            assert words in page, (address, words)
    [row] = read_quality(bot_id=bot.pk)
    assert (row.state, row.rolling.sample) == ("warning", 3)
    assert (
        "No order was sent" in client.get(f"/bots/{trading_bot().slug}/quality/").content.decode()
    )


def test_the_system_page_tells_findings_builds_backups_and_borrowed_prices(
    as_role, settings, tmp_path
) -> None:
    settings.BACKUP_DIR = str(tmp_path)
    client = as_role("operator")
    empty = client.get("/system/").content.decode()
    assert "every invariant holds" in empty
    assert "manage.py backup" in empty
    assert "/admin/simulator/account/faults/" not in empty

    trading_bot()
    make_quote(make_instrument(symbol="BTC/USDT"), source_venue="kraken")
    Finding.objects.create(
        name="fill_once", words="A fill counted twice.", first_seen_at=now(), last_seen_at=now(),
        rows=2, sample=[{"order": "abc"}],
    )  # fmt: skip
    DeskBuild.objects.update_or_create(
        id=1, defaults={"build": "b2", "declared_at": now(), "declared_by": "migrate"}
    )
    Heartbeat.objects.create(name="worker", pid=1, build="b1", started_at=now(), at=now())
    for days, name in ((2, "20261119-daily"), (3, "20261118-daily")):
        (tmp_path / name).mkdir()
        made = (now() - timedelta(days=days)).isoformat()
        backup_folder.write_manifest(
            tmp_path / name,
            Manifest(name, "daily", made, "b2", "17", (), {}, {}, "0" * 64, 5_000_000, 1.0),
        )
    page = client.get("/system/").content.decode()
    for words in (
        "A fill counted twice.", "✕ Open", "order abc", "other build: sends no entries", "4.8 MB",
        "binance BTC/USDT from kraken", "/admin/simulator/account/faults/", "20261119-daily",
    ):  # fmt: skip
        assert words in page, words
    assert page.count("Late") == 1  # the newest is; older ones are history
    assert page.index("20261119-daily") < page.index("20261118-daily")
    assert "/admin/simulator/" not in as_role("auditor").get("/system/").content.decode()


def test_what_is_checked_once_a_minute_is_late_after_more_than_one():
    ages = (14, 16, 59, 74, 76, 179, 181)
    assert [liveness(name="invariants", age_seconds=age) for age in ages] == [
        "ok", "ok", "ok", "ok", "late", "late", "missing",
    ]  # fmt: skip
    assert [liveness(name="feed", age_seconds=age) for age in (14, 16, 61)] == [
        "ok", "late", "missing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "words"), [(12, "12 B"), (2048, "2.0 kB"), (3 << 30, "3.0 GB")], ids=["b", "kb", "gb"]
)
def test_sizes_are_words(size, words) -> None:
    assert size_words(size) == words
