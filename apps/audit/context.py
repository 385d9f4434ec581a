"""Who acts and why, handed to the database's audit triggers for the current transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connections, transaction
from psycopg.pq import TransactionStatus

from apps.core.actor import Actor
from apps.core.errors import DeskError

SET_CONTEXT: Final = """
SELECT set_config('desk.actor_kind', %s, true), set_config('desk.actor_id', %s, true),
       set_config('desk.actor_name', %s, true), set_config('desk.actor_role', %s, true),
       set_config('desk.verb', %s, true), set_config('desk.reason', %s, true),
       set_config('desk.request_id', %s, true), set_config('desk.address', %s, true),
       set_config('desk.change_request_id', %s, true)
"""
READ_CONTEXT: Final = """
SELECT current_setting('desk.actor_kind', true), current_setting('desk.actor_id', true),
       current_setting('desk.actor_name', true), current_setting('desk.actor_role', true),
       current_setting('desk.verb', true), current_setting('desk.reason', true),
       current_setting('desk.request_id', true), current_setting('desk.address', true),
       current_setting('desk.change_request_id', true)
"""


class NoTransaction(DeskError):
    """`acting` was used outside a transaction, where its context would vanish at once."""

    default_code = "ACTING_OUTSIDE_TRANSACTION"
    status = 500


@contextmanager
def acting(
    *, actor: Actor, verb: str, reason: str = "", change_request: str = "", using: str = "default"
) -> Iterator[None]:
    """Name the actor, verb and reason of every governed change inside the block.

    Use it inside `transaction.atomic()`; blocks nest, the inner one speaks for its part.

    :raises NoTransaction: when there is no open transaction on `using`.
    """
    if not transaction.get_connection(using).in_atomic_block:
        raise NoTransaction(verb=verb)
    values = (
        actor.kind, actor.id, actor.name, actor.role, verb, reason,
        actor.request_id, actor.address, change_request,
    )  # fmt: skip
    with connections[using].cursor() as cursor:
        cursor.execute(READ_CONTEXT)
        outer = tuple(value or "" for value in cursor.fetchone())
        cursor.execute(SET_CONTEXT, values)
    try:
        yield
    finally:
        _restore(outer, using=using)


def _restore(outer: tuple[str, ...], *, using: str) -> None:
    """Give the outer block its voice back, unless the transaction is lost anyway."""
    raw = connections[using].connection
    if raw is None or raw.info.transaction_status is not TransactionStatus.INTRANS:
        return
    with raw.cursor() as cursor:
        cursor.execute(SET_CONTEXT, outer)
