"""The dialect of Binance USDⓈ-M futures under /fapi."""

from apps.simulator.face.futures import account, algos, market, marks, terms, trading

FUTURES_ROUTES = (
    *market.ROUTES,
    *marks.ROUTES,
    *trading.ROUTES,
    *algos.ROUTES,
    *account.ROUTES,
    *terms.ROUTES,
)
