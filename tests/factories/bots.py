"""Strategy versions, bots, configs and targets."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from apps.bots.models import Bot, BotConfig, BotConfigInstrument, BotTarget
from apps.core.clock import now
from apps.marketdata.models import Instrument
from apps.strategies.models import Strategy, StrategyVersion
from tests.factories.venues import NUMBERS, make_account, make_instrument


def make_strategy_version(name: str = "sma_cross", **values: Any) -> StrategyVersion:
    """The one test version of a strategy's name."""
    strategy = Strategy.objects.get_or_create(name=name, defaults={"title": name})[0]
    source_hash = values.pop("source_hash", hashlib.sha256(name.encode()).hexdigest())
    defaults = {"version": "1", "schema": {}, "created_at": now()}
    return StrategyVersion.objects.get_or_create(
        strategy=strategy, source_hash=source_hash, defaults=defaults | values
    )[0]


def make_config(bot: Bot, instruments: list[Instrument] | None = None, **values: Any) -> BotConfig:
    """The bot's next config version; it becomes the one that runs."""
    defaults = {
        "number": bot.configs.count() + 1,
        "timeframe": "1h",
        "parameters": {},
        "sizing": {"mode": "fixed_cost", "cost": "100"},
        "protection": {"stop_loss": "0.05"},
        "content_hash": hashlib.sha256(str(next(NUMBERS)).encode()).hexdigest(),
        "created_by": "test",
        "created_by_name": "test",
        "created_at": now(),
    }
    if "strategy_version" not in values:
        values["strategy_version"] = make_strategy_version()
    config = BotConfig.objects.create(bot=bot, **defaults | values)
    BotConfigInstrument.objects.bulk_create(
        BotConfigInstrument(config=config, instrument=i) for i in instruments or [make_instrument()]
    )
    bot.config = config
    bot.save(update_fields=["config"])
    return config


def make_bot(
    *,
    instruments: list[Instrument] | None = None,
    config: dict[str, Any] | None = None,
    **values: Any,
) -> Bot:
    """A running paper bot with its config; `config` overrides the config's fields."""
    number = next(NUMBERS)
    defaults = {
        "slug": f"bot-{number}",
        "name": f"Bot {number}",
        "state": "running",
        "state_since": now(),
        "stage_since": now(),
    }
    if "account" not in values and "account_id" not in values:
        values["account"] = make_account()
    bot = Bot.objects.create(**defaults | values)
    make_config(bot, instruments, **config or {})
    return bot


def make_target(bot: Bot, instrument: Instrument, **values: Any) -> BotTarget:
    """What `bot` wants of `instrument`: fully long, 1 unit, unless given."""
    defaults = {"exposure": 1.0, "target_amount": Decimal(1), "changed_at": now()}
    return BotTarget.objects.create(bot=bot, instrument=instrument, **defaults | values)
