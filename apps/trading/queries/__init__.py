"""The reads of a cycle: each is one statement for any number of bots."""

from apps.trading.queries.quiescent import quiescent

__all__ = ["quiescent"]
