"""Orders, positions and accounts of perpetuals in the shapes of Binance USDⓈ-M."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import ZERO, plain
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import Order, Trade
from apps.simulator.domain.perpetual.books import TRAILING, AlgoOrder, Position
from apps.simulator.domain.perpetual.contracts import notional_max, venue_symbol
from apps.simulator.domain.perpetual.effects import Income
from apps.simulator.domain.perpetual.margin import (
    Summary,
    liquidation_price,
    maintenance,
    mark_of,
    order_margin,
    position_margin,
    summary,
)
from apps.simulator.face.render import Json, text


def average(order: Order) -> Decimal:
    """Return the average price of what has filled, quote units; zero before."""
    return (order.cost / order.filled).quantize(Decimal("1e-8")) if order.filled else ZERO


def order_row(order: Order) -> Json:
    """Return an order as every answer about it shows it."""
    return {
        "orderId": order.order_id,
        "symbol": venue_symbol(order.symbol),
        "pair": venue_symbol(order.symbol),
        "status": order.status,
        "clientOrderId": order.client_order_id,
        "price": plain(order.price),
        "avgPrice": plain(average(order)),
        "origQty": plain(order.amount),
        "executedQty": plain(order.filled),
        "cumQty": plain(order.filled),
        "cumQuote": plain(order.cost),
        "timeInForce": order.time_in_force,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": plain(order.stop_price),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.orig_type or order.type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "NONE",
        "goodTillDate": order.good_till_ms,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def algo_row(algo: AlgoOrder, sent: Order | None = None) -> Json:
    """Return a conditional order; `sent` is the order it sent when it triggered."""
    row: Json = {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "symbol": venue_symbol(algo.symbol),
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.time_in_force,
        "quantity": plain(algo.amount),
        "algoStatus": algo.status,
        "actualOrderId": str(algo.order_id) if algo.order_id else "",
        "actualPrice": plain(average(sent)) if sent else "0.00000",
        "actualQty": plain(sent.filled) if sent else "0",
        "actualType": sent.type if sent else "0",
        "triggerPrice": plain(algo.trigger_price),
        "price": plain(algo.price),
        "icebergQuantity": None,
        "tpTriggerPrice": "0.000",
        "tpPrice": "0.000",
        "slTriggerPrice": "0.000",
        "slPrice": "0.000",
        "tpOrderType": "",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": algo.working_type,
        "priceMatch": "NONE",
        "closePosition": algo.close_position,
        "priceProtect": False,
        "reduceOnly": algo.reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": algo.good_till_ms,
    }
    if algo.type == TRAILING:
        row |= {
            "activatePrice": plain(algo.activation_price),
            "callbackRate": plain(algo.callback),
        }
    return row


def trade_row(trade: Trade) -> Json:
    """Return one of the account's trades."""
    return {
        "symbol": venue_symbol(trade.symbol),
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side,
        "price": plain(trade.price),
        "qty": plain(trade.amount),
        "realizedPnl": text(trade.realised),
        "quoteQty": plain(trade.cost),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at_ms,
        "positionSide": trade.position_side,
        "buyer": trade.side == "BUY",
        "maker": trade.is_maker,
    }


def income_row(income: Income) -> Json:
    """Return one flow of the wallet."""
    return {
        "symbol": venue_symbol(income.symbol),
        "incomeType": income.kind,
        "income": text(income.amount),
        "asset": income.asset,
        "info": str(income.trade_id) if income.trade_id else income.kind,
        "time": income.at_ms,
        "tranId": str(income.income_id),
        "tradeId": str(income.trade_id) if income.trade_id else "",
    }


def position_row(ledger: Ledger, position: Position) -> Json:
    """Return a position as /positionRisk shows it; versions 2 and 3 ask for parts of it."""
    setting = ledger.contracts.setting(position.account_id, position.symbol)
    instrument, mark = ledger.instruments[position.symbol], mark_of(ledger, position.symbol)
    isolated = setting.is_isolated and bool(position.amount)
    held = position_margin(ledger, position)
    orders = order_margin(ledger, position.account_id, position.symbol)
    profit = position.unrealised(mark)
    ends = liquidation_price(ledger, position) if position.amount else ZERO
    return {
        "symbol": venue_symbol(position.symbol),
        "positionSide": position.side,
        "positionAmt": plain(position.amount),
        "entryPrice": plain(position.entry),
        "breakEvenPrice": plain(position.entry),
        "markPrice": text(mark),
        "unRealizedProfit": text(profit),
        "liquidationPrice": plain(ends),
        "leverage": str(setting.leverage),
        "maxNotionalValue": plain(notional_max(instrument, setting.leverage)),
        "marginType": "isolated" if setting.is_isolated else "cross",
        "isAutoAddMargin": "false",
        "isolatedMargin": text(position.isolated + profit if isolated else ZERO),
        "isolatedWallet": text(position.isolated),
        "notional": text(position.amount * mark),
        "marginAsset": instrument.quote,
        "initialMargin": text(held + orders),
        "maintMargin": text(maintenance(ledger, position, mark)),
        "positionInitialMargin": text(held),
        "openOrderInitialMargin": text(orders),
        "adl": 0 if not position.amount else 1,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": position.updated_ms,
    }


def account_position_row(ledger: Ledger, position: Position) -> Json:
    """Return a position as /account shows it."""
    row = position_row(ledger, position)
    kept = (
        "symbol", "positionSide", "positionAmt", "entryPrice", "breakEvenPrice", "leverage",
        "isolatedMargin", "isolatedWallet", "notional", "initialMargin", "maintMargin",
        "positionInitialMargin", "openOrderInitialMargin", "bidNotional", "askNotional", "updateTime",
    )  # fmt: skip
    return {key: row[key] for key in kept} | {
        "unrealizedProfit": row["unRealizedProfit"],
        "isolated": row["marginType"] == "isolated",
        "maxNotional": row["maxNotionalValue"],
    }


def asset_row(asset: str, margin: Summary, at_ms: int) -> Json:
    """Return one asset of /account."""
    return {
        "asset": asset,
        "walletBalance": text(margin.wallet),
        "unrealizedProfit": text(margin.unrealised),
        "marginBalance": text(margin.equity),
        "maintMargin": text(margin.maintenance),
        "initialMargin": text(margin.position_margin + margin.order_margin),
        "positionInitialMargin": text(margin.position_margin),
        "openOrderInitialMargin": text(margin.order_margin),
        "crossWalletBalance": text(margin.cross_wallet),
        "crossUnPnl": text(margin.cross_unrealised),
        "availableBalance": text(margin.available),
        "maxWithdrawAmount": text(min(margin.available, max(margin.cross_wallet, ZERO))),
        "marginAvailable": True,
        "updateTime": at_ms,
    }


def totals(rows: list[Summary]) -> Json:
    """Return the sums over all assets of /account; every asset counts one to one."""

    def sum_of(name: str) -> Decimal:
        return sum((getattr(row, name) for row in rows), ZERO)

    held, orders = sum_of("position_margin"), sum_of("order_margin")
    return {
        "totalInitialMargin": text(held + orders),
        "totalMaintMargin": text(sum_of("maintenance")),
        "totalWalletBalance": text(sum_of("wallet")),
        "totalUnrealizedProfit": text(sum_of("unrealised")),
        "totalMarginBalance": text(sum_of("equity")),
        "totalPositionInitialMargin": text(held),
        "totalOpenOrderInitialMargin": text(orders),
        "totalCrossWalletBalance": text(sum_of("cross_wallet")),
        "totalCrossUnPnl": text(sum_of("cross_unrealised")),
        "availableBalance": text(sum_of("available")),
        "maxWithdrawAmount": text(sum_of("available")),
    }


def assets_of(ledger: Ledger, account_id: int) -> list[tuple[str, Summary]]:
    """Return every asset the account has a wallet of, with its margin."""
    held = sorted(asset for owner, asset in ledger.contracts.wallets if owner == account_id)
    return [(asset, summary(ledger, account_id, asset)) for asset in held]
