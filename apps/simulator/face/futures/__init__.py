"""The dialect of Binance USDⓈ-M futures under /fapi."""

from apps.simulator.face.futures import account, algos, market, trading

FUTURES_ROUTES = (*market.ROUTES, *trading.ROUTES, *algos.ROUTES, *account.ROUTES)
