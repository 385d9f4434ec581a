"""Binance USDⓈ-M perpetuals: order words, codes and REST rows; messages are in their own file.

Conditional orders live apart (`/fapi/v1/algoOrder`): they have ids of their own and become an
ordinary order with a second id when they trigger. Codes as for spot, with the venue's own range.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import exact
from apps.venues.domain.reports import (
    FillReport,
    FundingReport,
    OrderReport,
    PositionReport,
    VenueStatus,
)
from apps.venues.gateways.families import binance, binanceusdm_stream, binanceusdm_words
from apps.venues.gateways.families.base import Apart, Budget, Family, Meaning
from apps.venues.gateways.families.binanceusdm_rows import (
    ALGO_STATUSES,
    OUR_TYPES,
    STATUSES,
    is_forced,
    position_side,
    rate_of,
)
from apps.venues.gateways.families.news import Subscriptions

REFUSALS: Final = (
    "-1013 -1014 -1020 -1021 -1100 -1101 -1102 -1103 -1104 -1105 -1106 -1108 -1109 -1110 -1111"
    " -1112 -1113 -1114 -1115 -1116 -1117 -1118 -1119 -1120 -1121 -1127 -1128 -1130 -1136"
    " -2010 -2011 -2012 -2018 -2019 -2020 -2021 -2022 -2023 -2024 -2025 -2026 -2027 -2028"
    " -4000 -4001 -4002 -4003 -4004 -4005 -4006 -4007 -4008 -4009 -4010 -4011 -4012 -4013 -4014"
    " -4015 -4016 -4017 -4018 -4019 -4020 -4021 -4022 -4023 -4024 -4025 -4026 -4027 -4028 -4029"
    " -4030 -4031 -4032 -4044 -4045 -4047 -4048 -4049 -4050 -4051 -4052 -4053 -4054 -4055 -4056"
    " -4057 -4058 -4060 -4061 -4062 -4063 -4064 -4065 -4066 -4067 -4068 -4069 -4070 -4071 -4072"
    " -4073 -4074 -4075 -4076 -4077 -4078 -4079 -4080 -4081 -4082 -4083 -4084 -4085 -4086 -4087"
    " -4088 -4104 -4105 -4106 -4107 -4108 -4109 -4110 -4112 -4113 -4114 -4115 -4118 -4131 -4135"
    " -4137 -4138 -4139 -4140 -4141 -4142 -4144 -4161 -4164 -4165 -4167 -4168 -4169 -4170 -4171"
    " -4183 -4184 -4192 -4202 -4203 -4205 -4206 -4208 -4209 -4210 -4211 -4400 -4401 -4402 -4403"
    " -5021 -5022 -5024 -5025 -5026 -5027 -5028 -5029 -5037 -5038 -5039 -5040 -5041"
)


def read_order(row: Any) -> OrderReport:
    """Return an order from the answer to a new order, an edit, a query, a cancel or a list.

    :raises KeyError: when the answer is not whole.
    """
    filled = exact(row["executedQty"])
    average = exact(row.get("avgPrice") or "0")
    cost = row.get("cumQuote")
    kind = row.get("origType") or row["type"]
    return OrderReport(
        client_order_id=row["clientOrderId"],
        venue_order_id=str(row["orderId"]),
        symbol=row["symbol"],
        status=STATUSES[row["status"]],
        side=row["side"].lower(),
        type=OUR_TYPES.get(kind, kind.lower()),
        amount=exact(row["origQty"]),
        filled=filled,
        cost=exact(cost) if cost is not None else filled * average,
        price=exact(row["price"]) or None,
        stop_price=exact(row.get("activatePrice") or row.get("stopPrice") or "0") or None,
        at_ms=int(row.get("updateTime") or row["time"]),
        position_side=position_side(row.get("positionSide")),
        trailing_rate=rate_of(row.get("priceRate")),
    )


def read_algo_order(row: Any) -> OrderReport:
    """Return a conditional order; one that triggered names its second order.

    "Finished" says only that the second order ended, so it counts as closed when all is filled;
    how it ended otherwise is the second order's to tell.

    :raises KeyError: when the answer is not whole.
    """
    kind = row.get("orderType") or row["type"]
    amount = exact(row["quantity"])
    filled = exact(row.get("actualQty") or "0")
    status: VenueStatus = ALGO_STATUSES[row["algoStatus"]]
    if row["algoStatus"] == "FINISHED" and filled < amount:
        status = "open"
    activation = exact(row.get("activatePrice") or "0")
    return OrderReport(
        client_order_id=row["clientAlgoId"],
        venue_order_id=str(row["algoId"]),
        symbol=row["symbol"],
        status=status,
        side=row["side"].lower(),
        type=OUR_TYPES.get(kind, kind.lower()),
        amount=amount,
        filled=filled,
        cost=filled * exact(row.get("actualPrice") or "0"),
        price=exact(row.get("price") or "0") or None,
        stop_price=activation or exact(row.get("triggerPrice") or "0") or None,
        at_ms=int(row["updateTime"]),
        position_side=position_side(row.get("positionSide")),
        trailing_rate=rate_of(row.get("callbackRate")),
        triggered_id=_second_id(row.get("actualOrderId")),
    )


def _second_id(text: Any) -> str:
    return "" if text in {None, "", "0", 0} else str(text)


def read_fill(row: Any) -> FillReport:
    """Return one of the account's trades; the venue does not tell its client order id here."""
    return FillReport(
        symbol=row["symbol"],
        venue_order_id=str(row["orderId"]),
        venue_trade_id=str(row["id"]),
        client_order_id="",
        side=row["side"].lower(),
        price=exact(row["price"]),
        amount=exact(row["qty"]),
        cost=exact(row["quoteQty"]),
        fee=exact(row["commission"]),
        fee_asset=row["commissionAsset"],
        liquidity="maker" if row["maker"] else "taker",
        at_ms=int(row["time"]),
        realised=exact(row["realizedPnl"]),
        position_side=position_side(row.get("positionSide")),
        is_liquidation=is_forced(str(row.get("clientOrderId", ""))),
    )


def read_position(row: Any) -> PositionReport:
    """Return a position of the risk list."""
    leverage = row.get("leverage")
    isolated = exact(row.get("isolatedMargin") or "0")
    mode = row.get("marginType") or ("isolated" if isolated else "cross")
    return PositionReport(
        symbol=row["symbol"],
        side=position_side(row.get("positionSide")),
        amount=_signed(exact(row["positionAmt"]), row.get("positionSide")),
        entry_price=exact(row["entryPrice"]) or None,
        mark_price=exact(row["markPrice"]) or None,
        liquidation_price=exact(row.get("liquidationPrice") or "0") or None,
        unrealised=exact(row["unRealizedProfit"]),
        leverage=exact(str(leverage)) if leverage is not None else None,
        margin_mode="isolated" if mode == "isolated" else "cross",
        margin=(isolated if mode == "isolated" else exact(row.get("initialMargin") or "0")) or None,
        at_ms=int(row["updateTime"]),
    )


def _signed(amount: Decimal, side: Any) -> Decimal:
    return -abs(amount) if side == "SHORT" else amount


def read_funding(row: Any) -> FundingReport:
    """Return one payment of the income list."""
    return FundingReport(
        symbol=row["symbol"],
        venue_id=str(row["tranId"]),
        asset=row["asset"],
        amount=exact(row["income"]),
        at_ms=int(row["time"]),
    )


def read_balances(info: Any) -> dict[str, Decimal]:
    """Return the wallet of each asset, profit that is not booked left out."""
    return {row["asset"]: exact(row["walletBalance"]) for row in info["assets"]}


def stop_orders_max(market: Any) -> int:
    """Return how many conditional orders a symbol may carry, from its filters."""
    found = [f for f in market["filters"] if f["filterType"] == "MAX_NUM_ALGO_ORDERS"]
    return int(found[0]["limit"]) if found else 10


def maintenance_rate(market: Any) -> Decimal | None:
    """Return the maintenance fraction of the public list, which is not below the real one."""
    percent = market.get("maintMarginPercent")
    return exact(percent) / 100 if percent is not None else None


FAMILY = Family(
    name="binanceusdm",
    kinds=("linear",),
    practice=("testnet", "demo"),
    trades=True,
    streams=True,
    reads_tiers=True,
    quotes_apart=True,
    options={
        "defaultType": "swap",
        "defaultSubType": "linear",
        "fetchMarkets": {"types": ["linear"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
        "recvWindow": 4000,
        "watchTickers": {"name": "ticker"},
        # ccxt would read positions beside the stream, past our rate budget, and compare our texts
        # of numbers with zero
        "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False},
        "broker": {"spot": "", "margin": "", "future": "", "delivery": "", "swap": ""},
    },
    # 2400 weight a minute and address, 300 orders in 10 s a key
    budget=Budget(weight_per_minute=2400, orders_per_10_seconds=300),
    weights={
        "instruments": 1, "candles": 5, "quotes": 40, "balances": 5, "order": 1, "open_orders": 1,
        "all_open_orders": 40, "fills": 5, "positions": 5, "funding": 30, "settings": 30, "time": 1,
        "forced": 50,
    },
    clock_codes=frozenset({"-1021"}),
    meanings={
        **dict.fromkeys(REFUSALS.split(), Meaning.REJECTED),
        **dict.fromkeys([*binance.KEYS.split(), "-2017"], Meaning.KEY),
        "-1003": Meaning.RATE_LIMITED,
        "-1015": Meaning.RATE_LIMITED,
        "-2013": Meaning.NO_SUCH_ORDER,
        "-4046": Meaning.ALREADY,
        "-4059": Meaning.ALREADY,
    },
    by_message={
        # an order of ours with this id exists: evidence that an earlier request went through
        ("-4111", ""): Meaning.UNKNOWN,
        ("-4116", ""): Meaning.UNKNOWN,
        ("-2010", "Duplicate order sent"): Meaning.UNKNOWN,
        ("-2011", "Unknown order sent"): Meaning.NO_SUCH_ORDER,
    },
    order_of=binanceusdm_words.order_of,
    edit_of=binanceusdm_words.edit_of,
    apart=Apart(binanceusdm_words.CONDITIONAL, {"trigger": True}, "clientAlgoId", read_algo_order),
    signed_with=binance.signed_with,
    client_id_param="origClientOrderId",
    fills_of_order=lambda venue_order_id: {"orderId": venue_order_id},
    fills_after=lambda fill: {"fromId": int(fill.venue_trade_id) + 1},
    forced_of=binanceusdm_words.forced_of,
    kind_of=lambda _: "linear",
    stop_orders_max=stop_orders_max,
    maintenance_rate=maintenance_rate,
    read_order=read_order,
    read_fill=read_fill,
    read_balances=read_balances,
    read_position=read_position,
    read_funding=read_funding,
    subscriptions=Subscriptions(
        quotes=(
            ("watch_tickers", "ticker:"),
            ("watch_bids_asks", "bidask:"),
            ("watch_mark_prices", "markPrice:"),
        ),
        private_prefix="linear",
        acknowledges=False,
    ),
    simulated_ws={"linear": "/fapi-ws/ws"},
    ends_stream=lambda message: message.get("e") == "listenKeyExpired",
    read_kline=binance.read_kline,
    read_quote=binanceusdm_stream.read_quote,
    read_private=binanceusdm_stream.read_private,
)  # fmt: skip
