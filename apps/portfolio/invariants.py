"""What must be true of the books: each query returns the rows that break it."""

from __future__ import annotations

from typing import Final

# name -> (words, SQL). Each runs within seconds over the whole history; 0 rows is right.
INVARIANTS: Final[dict[str, tuple[str, str]]] = {
    "I18_entries_balance": (
        "The lines of each journal entry sum to zero per asset",
        """
        SELECT l.entry_id, l.asset, sum(l.amount) FROM portfolio_journalline l
        GROUP BY 1, 2 HAVING sum(l.amount) <> 0
        """,
    ),
    "I18_fills_are_posted": (
        "Each fill has one entry whose venue lines are what it exchanged or realised, and paid",
        """
        WITH said AS (
            SELECT f.id, m.asset, sum(m.amount) AS amount FROM orders_fill f
            JOIN marketdata_instrument i ON i.id = f.instrument_id
            CROSS JOIN LATERAL (VALUES
                (i.base, CASE WHEN i.kind = 'linear' THEN 0
                              WHEN f.side = 'buy' THEN f.amount ELSE -f.amount END),
                (i.quote, CASE WHEN i.kind = 'linear' THEN 0
                               WHEN f.side = 'buy' THEN -f.cost ELSE f.cost END),
                (coalesce(nullif(i.settle, ''), i.quote), coalesce(f.realised, 0)),
                (f.fee_asset, -f.fee)) m(asset, amount)
            GROUP BY 1, 2
        ), posted AS (
            SELECT e.fill_id AS id, l.asset, sum(l.amount) AS amount
            FROM portfolio_journalentry e JOIN portfolio_journalline l ON l.entry_id = e.id
            WHERE e.fill_id IS NOT NULL AND l.book = 'venue' GROUP BY 1, 2
        )
        SELECT id, asset, said.amount, posted.amount FROM said FULL JOIN posted USING (id, asset)
        WHERE coalesce(said.amount, 0) <> coalesce(posted.amount, 0)
        """,
    ),
    "balances_are_their_lines": (
        "A balance is the sum of its venue lines",
        """
        SELECT account_id, asset, b.amount, l.amount FROM portfolio_balance b
        FULL JOIN (SELECT account_id, asset, sum(amount) AS amount FROM portfolio_journalline
                   WHERE book = 'venue' GROUP BY 1, 2) l USING (account_id, asset)
        WHERE coalesce(b.amount, 0) <> coalesce(l.amount, 0)
        """,
    ),
    "positions_are_their_fills": (
        "A position is bought minus sold minus, on spot, fees in its base asset",
        """
        SELECT bot_id, instrument_id, p.amount, f.amount FROM portfolio_position p
        FULL JOIN (
            SELECT f.bot_id, f.instrument_id,
                sum(CASE f.side WHEN 'buy' THEN f.amount ELSE -f.amount END
                    - CASE WHEN f.fee_asset = i.base AND i.kind = 'spot' THEN f.fee ELSE 0 END) AS amount
            FROM orders_fill f JOIN marketdata_instrument i ON i.id = f.instrument_id
            GROUP BY 1, 2) f USING (bot_id, instrument_id)
        WHERE coalesce(p.amount, 0) <> coalesce(f.amount, 0)
        """,
    ),
    "profit_is_its_trips": (
        "A position's profit and fees are those of its closed trips and its open one",
        """
        SELECT p.bot_id, p.instrument_id, p.realised_profit, p.fees, p.round_trips
        FROM portfolio_position p
        LEFT JOIN (SELECT bot_id, instrument_id, count(*) AS trips, sum(profit) AS profit,
                       sum(fees) AS fees
                   FROM portfolio_roundtrip GROUP BY 1, 2) t USING (bot_id, instrument_id)
        WHERE p.round_trips <> coalesce(t.trips, 0)
           OR p.fees <> coalesce(t.fees, 0)
              + CASE WHEN p.opened_at IS NULL THEN 0 ELSE p.trip_fees END
           OR p.realised_profit <> coalesce(t.profit + t.fees, 0)
              + CASE WHEN p.opened_at IS NULL THEN 0 ELSE p.trip_profit END
        """,
    ),
    "days_are_positions": (
        "A bot's daily results sum up to its positions' profit, fees and funding, and count its fills",
        """
        SELECT bot_id, d.profit, p.profit, d.fees, p.fees, d.funding, p.funding, d.fills, f.fills
        FROM (SELECT bot_id, sum(realised_profit) AS profit, sum(fees) AS fees,
                  sum(funding) AS funding, sum(fills) AS fills
              FROM portfolio_dailyresult GROUP BY 1) d
        FULL JOIN (SELECT bot_id, sum(realised_profit) AS profit, sum(fees) AS fees,
                       sum(funding) AS funding
                   FROM portfolio_position GROUP BY 1) p USING (bot_id)
        FULL JOIN (SELECT bot_id, count(*) AS fills FROM orders_fill GROUP BY 1) f USING (bot_id)
        WHERE (d.profit, d.fees, d.funding, d.fills)
            IS DISTINCT FROM (p.profit, p.fees, p.funding, f.fills)
        """,
    ),
    "facts_are_drawn": (
        "A closed fact of a trade of ours has its fill",
        """
        SELECT v.id, v.client_order_id, v.venue_order_id FROM orders_venuefact v
        WHERE v.kind = 'fill' AND v.absorbed_at IS NOT NULL AND v.result <> 'foreign'
          AND NOT EXISTS (
              SELECT FROM orders_fill f WHERE f.account_id = v.account_id
              AND split_part(f.venue_order_id, '#', 1) = v.venue_order_id
              AND f.venue_trade_id = v.content ->> 'venue_trade_id')
        """,
    ),
    "funding_is_shared": (
        "A funding payment is borne by the bots that held: its shares sum up to it",
        """
        SELECT p.id, p.account_id, p.venue_id, p.amount, coalesce(s.amount, 0)
        FROM portfolio_fundingpayment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM portfolio_fundingshare
                   GROUP BY 1) s ON s.payment_id = p.id
        WHERE p.amount <> coalesce(s.amount, 0)
        """,
    ),
    "I18_funding_is_posted": (
        "What the ledger's funding book holds of an asset are the account's funding payments",
        """
        SELECT account_id, asset, l.amount, p.amount
        FROM (SELECT account_id, asset, sum(amount) AS amount FROM portfolio_journalline
              WHERE book = 'funding' GROUP BY 1, 2) l
        FULL JOIN (SELECT account_id, asset, sum(amount) AS amount FROM portfolio_fundingpayment
                   GROUP BY 1, 2) p USING (account_id, asset)
        WHERE coalesce(l.amount, 0) <> -coalesce(p.amount, 0)
        """,
    ),
    "positions_bear_their_shares": (
        "A position's funding is the sum of its shares",
        """
        SELECT bot_id, instrument_id, p.funding, s.amount FROM portfolio_position p
        FULL JOIN (SELECT x.bot_id, f.instrument_id, sum(x.amount) AS amount
                   FROM portfolio_fundingshare x
                   JOIN portfolio_fundingpayment f ON f.id = x.payment_id
                   GROUP BY 1, 2) s USING (bot_id, instrument_id)
        WHERE coalesce(p.funding, 0) <> coalesce(s.amount, 0)
        """,
    ),
    "I7_a_perpetual_holds_no_assets": (
        "A fill of a perpetual states the profit that the venue booked, one on spot states none",
        """
        SELECT f.id, f.venue_order_id, f.venue_trade_id, i.kind, f.realised FROM orders_fill f
        JOIN marketdata_instrument i ON i.id = f.instrument_id
        WHERE (i.kind = 'linear') <> (f.realised IS NOT NULL)
        """,
    ),
}
