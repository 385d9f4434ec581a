"""What can go wrong at the border, in the process and on the way back, and when it strikes."""

from __future__ import annotations

import random
from collections import Counter

# kind -> what it imitates
KINDS: dict[str, str] = {
    "lost_request": "the request never arrives and nobody answers",
    "lost_answer": "the request took effect, its answer is lost",
    "unavailable": "503 in its three meanings: refused, took effect, did not take effect",
    "rate_limited": "429, then 418",
    "dns_failure": "the name does not resolve: nothing left the process",
    "stream_disorder": "stream messages come twice and in another order",
    "stream_lost": "a silent socket: stream messages never come",
    "lagging_reads": "reads show the venue as it was a second and a half ago",
    "early_fill": "a fill is heard before the acknowledgement, or overtakes a cancel",
    "crash_before_store": "the process dies after the venue answered, before that is stored",
    "crash_after_store": "the process dies after the answer is stored, before it is drawn",
    "cut_commit": "the connection to PostgreSQL breaks at a commit, applied or not",
    # besides those of the sequences
    "cut_answer": "an empty or truncated answer; the request took effect",
    "clock_skew": "our clock runs off: the venue refuses the signature's time",
    "crash_in_flight": "the process dies while its request is still on its way",
    "refused_cancel": "the venue refuses cancels for a while",
    "second_worker": "another worker does the same work at the same time",
    "paused_holder": "a process stops with a request in its hands and wakes half a minute later",
    "slow_answer": "an answer that comes seconds later",
    "stream_late": "stream messages come five seconds late",
    "halt": "a person halts the account or a bot while a request is on its way",
    "late_fill": "a cancel is acknowledged, and then half of the rest has filled after all",
}
# what happens at the venue past the desk: see `strangers.py`
HAPPENINGS: dict[str, str] = {
    "foreign_fill": "somebody trades by hand on the account",
    "foreign_order": "somebody places an order by hand, and it rests",
    "foreign_cancel": "somebody cancels an order of ours by hand",
    "transfer": "a balance moves from outside",
    "third_fee_asset": "fees are taken in a third asset",
    "expired_stop": "the exchange ends a waiting stop by itself",
    "delisting": "an instrument stops trading for a while: its orders expire, new ones are refused",
    "rule_change": "the tick of an instrument changes for a while",
    "liquidation": "the exchange liquidates a position",
    "auto_deleverage": "the exchange reduces a winning position against a bankrupt one",
}
SEQUENCE_KINDS = tuple(KINDS)[:12]

# where each may strike
ORDER_CALLS = frozenset({"create", "cancel"})
CALLS = ORDER_CALLS | {"order", "fills", "open_orders", "balances", "positions", "funding"}
PLACES: dict[str, frozenset[str]] = {
    "lost_request": CALLS, "lost_answer": CALLS, "unavailable": CALLS, "rate_limited": CALLS,
    "dns_failure": CALLS, "cut_answer": CALLS, "clock_skew": CALLS,
    "stream_disorder": frozenset({"stream"}), "stream_lost": frozenset({"stream"}),
    "lagging_reads": frozenset({"order", "fills", "open_orders"}),
    "early_fill": ORDER_CALLS,
    "crash_before_store": ORDER_CALLS, "crash_in_flight": frozenset({"create"}),
    "crash_after_store": frozenset({"stored"}), "cut_commit": frozenset({"commit"}),
    "refused_cancel": frozenset({"cancel"}), "second_worker": ORDER_CALLS,
    "paused_holder": ORDER_CALLS, "slow_answer": CALLS, "halt": ORDER_CALLS,
    "stream_late": frozenset({"stream"}), "late_fill": frozenset({"cancel"}),
}  # fmt: skip
# there are ten commits to a call: as often, nearly every fault would be a cut connection
RARER = {"commit": 0.25}


class Faults:
    """What strikes next; `struck` counts by kind."""

    def __init__(self) -> None:
        self.struck: Counter[str] = Counter()

    def strike(self, place: str) -> str:
        """Return the kind that strikes here and now, or nothing."""
        return ""

    def calm(self) -> None:
        """Let nothing strike any more."""

    def happen(self, kind: str) -> None:
        """Count something that happened at the venue."""
        self.struck[kind] += 1

    def _hit(self, kind: str) -> str:
        self.struck[kind] += 1
        return kind


class Sequence(Faults):
    """One fault after the other, each at the first place that it can strike."""

    def __init__(self, *kinds: str) -> None:
        super().__init__()
        self.left = list(kinds)

    def strike(self, place: str) -> str:
        if self.left and place in PLACES[self.left[0]]:
            return self._hit(self.left.pop(0))
        return ""


class Chances(Faults):
    """Faults by a seed: each place draws whether one strikes, and which."""

    def __init__(self, random_: random.Random, rate: float) -> None:
        super().__init__()
        self._random = random_
        self._rate = rate
        self._by_place = {
            place: sorted(kind for kind, places in PLACES.items() if place in places)
            for place in sorted(frozenset().union(*PLACES.values()))
        }

    def strike(self, place: str) -> str:
        if self._random.random() >= self._rate * RARER.get(place, 1):
            return ""
        return self._hit(self._random.choice(self._by_place[place]))

    def calm(self) -> None:
        self._rate = 0.0
