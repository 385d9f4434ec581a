"""What must be true of orders and fills: each query returns the rows that break it."""

from __future__ import annotations

from typing import Final

# name -> (words, SQL). Each runs within seconds over the whole history; 0 rows is right.
INVARIANTS: Final[dict[str, tuple[str, str]]] = {
    "I1_intent_before_wire": (
        "An order that may have left was claimed first, and its claim is recorded",
        """
        SELECT o.id, o.client_order_id, o.status FROM orders_order o
        WHERE o.status NOT IN ('created', 'withdrawn')
          AND (o.submitted_at IS NULL OR o.fence = 0 OR NOT EXISTS (
              SELECT FROM orders_orderevent e WHERE e.order_id = o.id AND e.after = 'submitted'))
        """,
    ),
    "I1_fills_have_sent_orders": (
        "Nothing is filled that was never sent",
        """
        SELECT o.id, o.client_order_id, o.status FROM orders_order o
        WHERE o.status IN ('created', 'withdrawn', 'rejected')
          AND (o.filled > 0 OR EXISTS (SELECT FROM orders_fill f WHERE f.order_id = o.id))
        """,
    ),
    "I1_wire_after_claim": (
        "What crossed the wire belongs to an order that had been claimed before",
        """
        SELECT w.id, w.at, o.id, o.submitted_at FROM orders_wirecall w
        LEFT JOIN orders_order o ON o.id = w.order_id
        WHERE w.verb IN ('create', 'group', 'edit') AND (o.id IS NULL OR w.at < o.submitted_at)
        """,
    ),
    "I2_one_exposure_per_order": (
        "An order was claimed at most once and stands for one order at the venue",
        """
        SELECT e.order_id::text AS id, 'claimed ' || count(*) AS what FROM orders_orderevent e
        WHERE e.after = 'submitted' GROUP BY e.order_id HAVING count(*) > 1
        UNION ALL
        SELECT f.order_id::text, string_agg(DISTINCT f.venue_order_id, ' ') FROM orders_fill f
        GROUP BY f.order_id HAVING count(DISTINCT f.venue_order_id) > 1
            AND count(DISTINCT f.venue_order_id) > 1 + (SELECT count(*) FROM orders_venueorderid v
                                                        WHERE v.order_id = f.order_id)
        UNION ALL
        SELECT o.venue_order_id, string_agg(o.client_order_id, ' ') FROM orders_order o
        WHERE o.venue_order_id <> '' AND NOT o.is_amendment
        GROUP BY o.account_id, o.instrument_id, o.venue_order_id HAVING count(*) > 1
        """,
    ),
    "I3_no_unproved_end": (
        "Whatever was in doubt ended by what the venue said",
        """
        SELECT e.order_id, e.before, e.after, e.cause FROM orders_orderevent e
        WHERE e.before = 'unknown' AND e.after IN ('rejected', 'withdrawn', 'canceled', 'expired')
          AND e.cause NOT IN ('venue', 'sweep')
        """,
    ),
    "I4_bounded_doubt": (
        "An order in doubt for longer than 90 s has its bot reducing",
        """
        SELECT o.id, o.client_order_id, e.at FROM orders_order o
        JOIN LATERAL (SELECT max(at) AS at FROM orders_orderevent
                      WHERE order_id = o.id AND after = 'unknown') e ON true
        WHERE o.status = 'unknown' AND e.at < now() - interval '90 seconds'
          AND NOT EXISTS (SELECT FROM risk_restriction r WHERE r.lifted_at IS NULL
                          AND r.scope_kind = 'bot' AND r.scope_id = o.bot_id::text
                          AND r.code = 'UNKNOWN_ORDER')
        """,
    ),
    "I6_fill_once": (
        "A trade at the venue is one fill",
        """
        SELECT account_id, instrument_id, venue_order_id, venue_trade_id, count(*) FROM orders_fill
        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
        """,
    ),
    "I7_progress_is_its_fills": (
        "An order's filled amount and cost are the sums of its fills",
        """
        SELECT o.id, o.client_order_id, o.filled, o.cost, f.amount, f.cost FROM orders_order o
        LEFT JOIN (SELECT order_id, sum(amount) AS amount, sum(cost) AS cost FROM orders_fill
                   GROUP BY order_id) f ON f.order_id = o.id
        WHERE (o.filled, o.cost) IS DISTINCT FROM (coalesce(f.amount, 0), coalesce(f.cost, 0))
        """,
    ),
    "I7_end_agrees_with_venue": (
        "An order that has ended holds all fills that the venue counts",
        """
        SELECT o.id, o.client_order_id, o.filled, o.venue_filled FROM orders_order o
        WHERE o.status IN ('filled', 'canceled', 'expired', 'rejected') AND o.venue_filled > o.filled
        """,
    ),
    "I7_no_overfill": (
        "No order is filled above its amount",
        """
        SELECT o.id, o.client_order_id, o.amount, o.filled FROM orders_order o
        WHERE o.filled > o.amount
        """,
    ),
    "I8_fences_rise": (
        "Whoever wrote an order's state held at least the fence of whoever wrote before",
        """
        SELECT order_id, fence, before FROM (
            SELECT order_id, (detail ->> 'fence')::bigint AS fence,
                lag((detail ->> 'fence')::bigint) OVER (PARTITION BY order_id ORDER BY id) AS before
            FROM orders_orderevent WHERE detail ? 'fence') e
        WHERE fence < before
        """,
    ),
    "I10_one_effect_per_cycle": (
        "One cycle of a bot opens one entry an instrument, but for those that never took effect",
        """
        SELECT o.bot_id, o.cycle_at, o.instrument_id, count(*) FROM orders_order o
        WHERE o.cycle_at IS NOT NULL AND o.purpose = 'entry'
          AND o.status NOT IN ('withdrawn', 'rejected')
        GROUP BY 1, 2, 3 HAVING count(*) > 1
        """,
    ),
    "I13_rows_decide": (
        "No entry went out ten seconds after its desk, venue, account, bot or instrument was restricted",
        """
        SELECT w.id, o.client_order_id, w.at, r.scope_kind, r.code, r.set_at FROM orders_order o
        JOIN venues_venueaccount a ON a.id = o.account_id
        CROSS JOIN LATERAL (VALUES ('desk', ''), ('venue', a.venue), ('bot', o.bot_id::text),
            ('account', o.account_id::text), ('instrument', o.instrument_id::text)) s(kind, id)
        JOIN risk_restriction r ON (r.scope_kind, r.scope_id) = (s.kind, s.id)
            AND coalesce(r.lifted_at, 'infinity') > now() - interval '1 day'
        JOIN orders_wirecall w ON w.order_id = o.id AND w.verb IN ('create', 'group')
            AND w.at > r.set_at + interval '10 seconds' AND w.at < coalesce(r.lifted_at, 'infinity')
        WHERE o.purpose = 'entry' AND o.submitted_at > now() - interval '1 day'
        """,
    ),
    "I17_rows_are_their_ids": (
        "An order's row is what its client order id hashes, as the venue holds it",
        """
        SELECT o.id, o.client_order_id FROM orders_order o
        WHERE o.scheduled <> '' AND left(o.client_order_id, 20) <> left(encode(sha256(convert_to(
            concat_ws(chr(31), o.account_id, o.bot_id, o.config_id, o.scheduled, o.leg, o.attempt,
                o.instrument_id, o.purpose, o.side, o.type, o.time_in_force, trim_scale(o.amount),
                coalesce(trim_scale(o.price)::text, ''),
                coalesce(trim_scale(o.stop_price)::text, ''),
                o.post_only::int, o.reduce_only::int,
                'trailing=' || trim_scale(o.trailing_rate), 'worst=' || trim_scale(o.worst_price),
                'expires=' || to_char(o.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
                    || CASE WHEN date_part('microseconds', o.expires_at)::bigint % 1000000 = 0
                       THEN '' ELSE to_char(o.expires_at, '.US') END || '+00:00',
                'position_side=' || nullif(o.position_side, ''),
                CASE WHEN o.is_amendment THEN 'amends=' || o.replaces_id END,
                'group=' || o.group_id), 'UTF8')), 'hex'), 20)
        """,
    ),
    "I19_news_only_adds": (
        "What the venue once said to be filled stays counted, in whatever order the news came",
        """
        SELECT o.id, o.client_order_id, o.venue_filled, f.said FROM orders_order o
        JOIN (SELECT account_id, client_order_id, max((content ->> 'filled')::numeric) AS said
              FROM orders_venuefact WHERE kind = 'order' AND absorbed_at IS NOT NULL
              AND result <> 'foreign' AND client_order_id <> ''
              AND received_at > now() - interval '1 day' GROUP BY 1, 2) f
            ON (f.account_id, f.client_order_id) = (o.account_id, o.client_order_id)
        WHERE f.said > o.venue_filled
        """,
    ),
    "orders_have_allowing_verdicts": (
        "Each order follows a verdict that allowed it; one that the venue made says nobody judged it",
        """
        SELECT o.id, o.client_order_id, v.is_allowed FROM orders_order o
        LEFT JOIN risk_verdict v ON v.id = o.verdict_id
        WHERE (v.is_allowed IS NOT TRUE
               AND NOT (o.origin = 'venue' AND v.codes @> '[{"code": "NOT_JUDGED"}]'))
           OR (v.account_id, v.bot_id, v.instrument_id)
              <> (o.account_id, o.bot_id, o.instrument_id)
        """,
    ),
    "orders_end_once": (
        "Exactly the orders that are over have an end, and their events lead there",
        """
        SELECT o.id, o.client_order_id, o.status, o.ended_at FROM orders_order o
        WHERE (o.status IN ('filled', 'canceled', 'expired', 'rejected', 'withdrawn'))
              <> (o.ended_at IS NOT NULL)
           OR o.status <> (SELECT e.after FROM orders_orderevent e WHERE e.order_id = o.id
                           ORDER BY e.id DESC LIMIT 1)
        """,
    ),
    "fills_belong_to_their_orders": (
        "A fill has its order's account, bot, instrument and side",
        """
        SELECT f.id, o.client_order_id FROM orders_fill f JOIN orders_order o ON o.id = f.order_id
        WHERE (f.account_id, f.bot_id, f.instrument_id, f.side)
              <> (o.account_id, o.bot_id, o.instrument_id, o.side)
        """,
    ),
    "groups_end_once": (
        "A group that is over has an end and no order that still stands",
        """
        SELECT g.id, g.state, g.ended_at FROM orders_ordergroup g
        WHERE (g.state = 'open') <> (g.ended_at IS NULL)
           OR (g.state = 'done' AND EXISTS (SELECT FROM orders_order o WHERE o.group_id = g.id
               AND o.ended_at IS NULL))
        """,
    ),
    "amendments_fit_what_they_amend": (
        "An amendment is of the same bot, instrument, side and purpose, and of an order that was sent",
        """
        SELECT n.id, n.client_order_id, o.status FROM orders_order n
        JOIN orders_order o ON o.id = n.replaces_id
        WHERE n.is_amendment AND ((n.bot_id, n.instrument_id, n.side, n.purpose)
            <> (o.bot_id, o.instrument_id, o.side, o.purpose) OR o.submitted_at IS NULL)
        """,
    ),
    "clocks_agree": (
        "No order of the last five minutes was held back because a venue's clock is too far from ours",
        """
        SELECT o.account_id, count(*), max(e.detail ->> 'offset_ms') FROM orders_order o
        JOIN orders_orderevent e ON e.order_id = o.id AND e.after = 'withdrawn'
        WHERE o.status_reason = 'CLOCK_OFF' AND o.ended_at > now() - interval '5 minutes'
        GROUP BY o.account_id
        """,
    ),
}
