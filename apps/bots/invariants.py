"""What must be true of decisions: each query returns the rows that break it."""

from __future__ import annotations

from typing import Final

# name -> (words, SQL). Each runs within seconds over the whole history; 0 rows is right.
INVARIANTS: Final[dict[str, tuple[str, str]]] = {
    "I20_same_question_same_answer": (
        "One strategy version with one set of parameters says one thing of a candle, to every bot",
        """
        SELECT c.scheduled_for, t.name, s.key AS symbol, a.venue, a.environment,
            string_agg(DISTINCT s.value ->> 'exposure', ' ') AS exposures
        FROM bots_cycle c
        JOIN bots_bot b ON b.id = c.bot_id JOIN venues_venueaccount a ON a.id = b.account_id
        JOIN bots_botconfig g ON g.id = c.config_id
        JOIN strategies_strategyversion v ON v.id = g.strategy_version_id
        JOIN strategies_strategy t ON t.id = v.strategy_id
        CROSS JOIN LATERAL jsonb_each(c.seen) s
        WHERE c.scheduled_for > (SELECT max(scheduled_for) FROM bots_cycle) - interval '1 hour'
          AND s.value ->> 'exposure' IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5, v.id, g.timeframe, g.parameters
        HAVING count(DISTINCT s.value ->> 'exposure') > 1
        """,
    ),
}
