"""What an account may choose: leverage, margin type, position mode, margin of an isolated position."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import Effects
from apps.simulator.domain.perpetual.books import Position
from apps.simulator.domain.perpetual.contracts import (
    EIGHT,
    POSITION_SIDES,
    leverage_max,
    notional_max,
)
from apps.simulator.domain.perpetual.effects import ConfigEvent
from apps.simulator.domain.perpetual.margin import mark_of, position_margin, summary
from apps.simulator.domain.perpetual.refusals import refusal
from apps.simulator.domain.perpetual.settlement import tell_account
from apps.simulator.domain.refusals import Refusal


def set_leverage(
    ledger: Ledger, account_id: int, symbol: str, *, leverage: int, now_ms: int
) -> Effects:
    """Choose the leverage of a contract.

    :raises Refusal: -4028, -2027, -2028, -4161.
    """
    instrument, books, effects = ledger.instruments[symbol], ledger.contracts, Effects()
    if not 1 <= leverage <= leverage_max(instrument):
        raise Refusal(-4028, f"Leverage {leverage} is not valid")
    setting, held = books.setting(account_id, symbol), _held(ledger, account_id, symbol)
    if held and setting.is_isolated and leverage < setting.leverage:
        raise refusal(-4161)
    worth = sum((abs(position.amount) for position in held), ZERO)
    if worth and worth * mark_of(ledger, symbol) > notional_max(instrument, leverage):
        raise refusal(-2027)
    before, setting.leverage = setting.leverage, leverage
    if leverage < before and summary(ledger, account_id, instrument.quote).free < ZERO:
        setting.leverage = before
        raise refusal(-2028)
    effects.contracts.settings.add((account_id, symbol))
    effects.contracts.events.append(ConfigEvent(account_id, symbol, leverage, now_ms))
    return effects


def set_margin_type(ledger: Ledger, account_id: int, symbol: str, *, is_isolated: bool) -> Effects:
    """Choose cross or isolated margin of a contract without position and open orders.

    :raises Refusal: -4046, -4047, -4048.
    """
    books, effects = ledger.contracts, Effects()
    setting = books.setting(account_id, symbol)
    if setting.is_isolated == is_isolated:
        raise refusal(-4046)
    if ledger.orders_of(account_id, symbol) or books.algos_of(account_id, symbol):
        raise refusal(-4047)
    if _held(ledger, account_id, symbol):
        raise refusal(-4048)
    setting.is_isolated = is_isolated
    effects.contracts.settings.add((account_id, symbol))
    return effects


def set_position_mode(ledger: Ledger, account_id: int, *, is_hedged: bool) -> Effects:
    """Choose one-way or hedge mode while there is neither position nor order.

    :raises Refusal: -4059, -4067, -4068.
    """
    books, effects = ledger.contracts, Effects()
    mode = books.modes.setdefault(account_id, books.mode(account_id))
    if mode.is_hedged == is_hedged:
        raise refusal(-4059)
    linear = [symbol for symbol, item in ledger.instruments.items() if item.kind == "linear"]
    if books.algos_of(account_id) or any(ledger.orders_of(account_id, s) for s in linear):
        raise refusal(-4067)
    if books.positions_of(account_id):
        raise refusal(-4068)
    mode.is_hedged = is_hedged
    effects.contracts.modes.add(account_id)
    return effects


def move_margin(
    ledger: Ledger, position: Position, *, amount: Decimal, adds: bool, now_ms: int
) -> Effects:
    """Move quote units into or out of what is set aside for an isolated position.

    :raises Refusal: -4053, -4050, -4051.
    """
    setting, effects = ledger.contracts.setting(position.account_id, position.symbol), Effects()
    if not setting.is_isolated or not position.amount:
        raise refusal(-4053)
    amount = amount.quantize(EIGHT, rounding=ROUND_DOWN)
    quote = ledger.instruments[position.symbol].quote
    if adds and amount > summary(ledger, position.account_id, quote).free:
        raise refusal(-4050)
    spare = position.isolated - position_margin(ledger, position)
    spare += min(position.unrealised(mark_of(ledger, position.symbol)), ZERO)
    if not adds and amount > spare:
        raise refusal(-4051)
    position.isolated += amount if adds else -amount
    tell_account(ledger, effects, position, reason="MARGIN_TRANSFER", at_ms=now_ms)
    return effects


def _held(ledger: Ledger, account_id: int, symbol: str) -> list[Position]:
    found = [ledger.contracts.positions.get((account_id, symbol, side)) for side in POSITION_SIDES]
    return [position for position in found if position is not None and position.amount]
