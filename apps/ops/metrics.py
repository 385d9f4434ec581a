"""The desk's figures in Prometheus' form, read from the database when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from apps.core.clock import now
from apps.ops.models import Heartbeat
from apps.ops.queries import other_builds
from apps.orders.queries import doubts

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Figures(Collector):
    """What is true now; nothing is counted in a process."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every figure."""
        yield from _invariants()
        yield from _doubt()
        builds = GaugeMetricFamily("desk_old_build_processes", "Processes of an undeclared build.")
        builds.add_metric([], len(other_builds()))
        yield builds


def exposition() -> bytes:
    """Return all figures as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures())
    return bytes(generate_latest(registry))


def _invariants() -> Iterator[GaugeMetricFamily]:
    last = Heartbeat.objects.filter(name="invariants").values_list("detail", "at").first()
    if last is None:
        return
    detail, at = last
    broken = GaugeMetricFamily(
        "desk_invariant_violations", "Rows that break an invariant, by the last check.",
        labels=["name"],
    )  # fmt: skip
    for name, rows in sorted(detail.get("checks", {}).items()):
        broken.add_metric([name], rows)
    yield broken
    age = GaugeMetricFamily("desk_invariants_age_seconds", "Age of that check.")
    age.add_metric([], (now() - at).total_seconds())
    yield age


def _doubt() -> Iterator[GaugeMetricFamily]:
    count, since = doubts()
    unknown = GaugeMetricFamily("desk_orders_unknown", "Orders that only the venue can settle.")
    unknown.add_metric([], count)
    yield unknown
    longest = GaugeMetricFamily("desk_order_doubt_seconds", "Age of the oldest of them.")
    longest.add_metric([], (now() - since).total_seconds() if since else 0)
    yield longest
