"""ccxt instances: made to keep numbers as text, without ccxt's limiter, on hosts that code names."""

from __future__ import annotations

from typing import Any, Final

import aiohttp
from django.conf import settings

from apps.core.errors import InvalidInput
from apps.venues.domain.reports import Credentials
from apps.venues.gateways.ccxt_lazy import ccxt_pro
from apps.venues.gateways.families import family
from apps.venues.gateways.families.base import Family
from apps.venues.gateways.wire import Wired

READ_TIMEOUT_MS: Final = 10_000
_MARKETS: Final[dict[tuple[str, str], Any]] = {}


def rehost(urls: Any, base: str) -> Any:
    """Return a tree of addresses with every host replaced by `base` (`http://host:port`).

    Paths stay, so one server can tell the parts of an exchange's API apart.
    """
    if isinstance(urls, dict):
        return {key: rehost(value, base) for key, value in urls.items()}
    if not isinstance(urls, str) or "://" not in urls:
        return urls
    scheme, rest = urls.split("://", 1)
    path = "/" + rest.partition("/")[2] if "/" in rest else ""
    host = base.split("://", 1)[1].rstrip("/")
    secure = "s" if base.startswith("https") else ""
    return f"{'ws' if scheme.startswith('ws') else 'http'}{secure}://{host}{path}"


def build_exchange(access: Credentials) -> Any:
    """Return a ccxt.pro instance for these credentials; call it on the loop that will use it.

    :raises InvalidInput: `VENUE_UNKNOWN`, `ENVIRONMENT_UNKNOWN`.
    """
    try:
        base = getattr(ccxt_pro, access.venue)
    except AttributeError as error:
        raise InvalidInput("VENUE_UNKNOWN", field="venue", venue=access.venue) from error
    traits = family(access.venue)
    key, secret = traits.login
    exchange = type(access.venue, (Wired, *traits.mixins, base), {})(
        {
            key: access.api_key,
            secret: access.api_secret,
            "password": access.api_password,
            "enableRateLimit": False,
            "timeout": READ_TIMEOUT_MS,
            # text, which reads turn into Decimal: ccxt itself cannot carry Decimal through
            "number": str,
            "options": traits.options,
        }
    )
    exchange.unsent_headers = traits.unsent_headers
    if traits.options.get("fetchCurrencies") is False:
        exchange.has["fetchCurrencies"] = False
    _choose_hosts(exchange, access, traits)
    return exchange


def _choose_hosts(exchange: Any, access: Credentials, traits: Family) -> None:
    if access.environment == "simulated":
        for part in ("api", "test", "demo"):
            if part in exchange.urls:
                exchange.urls[part] = rehost(exchange.urls[part], settings.SIMULATOR_URL)
        for name, path in traits.simulated_ws.items():
            exchange.urls["api"]["ws"][name] = rehost(f"ws://venue{path}", settings.SIMULATOR_URL)
    elif access.environment == "testnet":
        practise(exchange, traits, access.sandbox)
    elif access.environment != "live":
        raise InvalidInput(
            "ENVIRONMENT_UNKNOWN", field="environment", environment=access.environment
        )


def practise(exchange: Any, traits: Family, sandbox: str) -> None:
    """Point an exchange at its testnet or its demo trading.

    :raises InvalidInput: `SANDBOX_NOT_AT_THIS_VENUE` where the venue lacks it.
    """
    if sandbox not in traits.practice:
        raise InvalidInput(
            "SANDBOX_NOT_AT_THIS_VENUE", field="sandbox", sandbox=sandbox,
            has=", ".join(traits.practice) or "none",
        )  # fmt: skip
    if sandbox == "demo" and not traits.demo_is_sandbox:
        exchange.enable_demo_trading(enable=True)
    else:
        exchange.set_sandbox_mode(True)


async def open_session(exchange: Any) -> None:
    """Give the exchange a session that never sends a request twice by itself."""
    exchange.open()
    # aiohttp repeats an idempotent request (a DELETE too) when a kept connection was closed
    exchange.session._retry_connection = False
    exchange.session._cookie_jar = aiohttp.DummyCookieJar()


def _shared_by(access: Credentials) -> tuple[str, str]:
    where = access.sandbox if access.environment == "testnet" else ""
    return access.venue, f"{access.environment}:{where}"


async def load_markets(exchange: Any, access: Credentials) -> None:
    """Load the venue's markets, shared by all accounts of the same venue and environment."""
    key = _shared_by(access)
    shared = _MARKETS.get(key)
    if shared is None:
        await exchange.load_markets()
        _MARKETS[key] = exchange
    elif exchange.markets is not shared.markets:
        exchange.set_markets_from_exchange(shared)


async def reload_markets(exchange: Any, access: Credentials) -> None:
    """Read the markets anew: instruments and their rules may have changed."""
    await exchange.load_markets(reload=True)
    _MARKETS[_shared_by(access)] = exchange


def forget_markets() -> None:
    """Drop the shared markets; for a process whose venues moved."""
    _MARKETS.clear()
