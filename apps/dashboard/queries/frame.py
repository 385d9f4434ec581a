"""What the frame of every page needs, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from apps.dashboard.domain.formats import Cell, plain_cell
from apps.dashboard.domain.live import Live, version

FRAME_SQL = """
SELECT (SELECT rehearsal FROM accounts_desk WHERE id = 1),
       (SELECT now FROM marketdata_marketclock WHERE id = 1),
       count(*) FILTER (WHERE stage IN ('small_capital', 'mainnet')),
       count(*) FILTER (WHERE stage = 'testnet'),
       count(*) FILTER (WHERE stage = 'paper'),
       (SELECT count(*) FROM approvals_changerequest WHERE state IN ('in_review', 'approved')),
       (SELECT count(*) FROM reconciliation_case WHERE state = 'open'),
       (SELECT state FROM risk_restriction WHERE scope_kind = 'desk' AND lifted_at IS NULL
        ORDER BY state = 'halted' DESC LIMIT 1)
FROM bots_bot WHERE archived_at IS NULL AND state IN ('running', 'paused')
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """The stage strip, the counters of the navigation, and the market's clock."""

    rehearsal: bool
    market_now: datetime | None
    money_bots: int
    testnet_bots: int
    paper_bots: int
    approvals: int
    cases: int
    desk_state: str
    live: Live

    @property
    def strip_stage(self) -> str:
        """The strictest kind of money that trades here."""
        if self.money_bots and not self.rehearsal:
            return "money"
        return "testnet" if self.testnet_bots and not self.rehearsal else "paper"


def read_frame() -> Frame:
    """Return what the frame shows."""
    with connection.cursor() as cursor:
        cursor.execute(FRAME_SQL)
        row = cursor.fetchone()
    rehearsal, market_now, money, testnet, paper, approvals, cases, state = row
    values: dict[str, Cell] = {
        "frame.approvals": plain_cell(str(approvals or "")),
        "frame.cases": plain_cell(str(cases or "")),
    }
    if market_now:
        values["frame.market"] = plain_cell(f"{market_now:%Y-%m-%d %H:%M:%S}")
    return Frame(
        rehearsal=bool(rehearsal),
        market_now=market_now,
        money_bots=money,
        testnet_bots=testnet,
        paper_bots=paper,
        approvals=approvals,
        cases=cases,
        desk_state=state or "active",
        live=Live(values, {"strip": version(rehearsal, money, testnet, paper, state)}),
    )
