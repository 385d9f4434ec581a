"""Acceptance cards: what a gateway must show at a venue before anybody trades there."""

from __future__ import annotations

from typing import Final

from apps.golive.cards import account, doubt, exits, orders, perpetual, refusals, streams
from apps.golive.cards.bench import Card

CARDS: Final[tuple[Card, ...]] = tuple(
    sorted(
        (
            card
            for module in (account, orders, refusals, exits, perpetual, doubt, streams)
            for card in module.DECK.cards
        ),
        key=lambda card: card.number,
    )
)
