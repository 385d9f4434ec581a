"""Forms: a config made from its strategy's parameter schema, a bot, a limit, an account."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.bots.domain.configs import ConfigContent
from apps.bots.domain.sizing import MODES, ORDER_TYPES
from apps.bots.models import Bot, BotConfig
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import DeskError
from apps.dashboard.domain.words import sentence
from apps.marketdata.models import Instrument
from apps.strategies.domain.base import Strategy
from apps.strategies.domain.parameters import schema

PARAMETER = "p_"
MODE_WORDS = {
    "fixed_cost": "Fixed cost per position (quote units)",
    "equity_fraction": "Fraction of equity",
    "risk_per_trade": "Fraction of equity lost at the stop",
    "volatility_target": "Wanted volatility a year (fraction)",
}


class ConfigForm(forms.Form):
    """A config version of one strategy. The action checks it; the form only asks."""

    timeframe = forms.ChoiceField(choices=[(name, name) for name in TIMEFRAME_MS])
    symbols = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="Instruments")
    sizing_mode = forms.ChoiceField(
        choices=[(mode, MODE_WORDS[mode]) for mode in MODES], label="Sizing"
    )
    sizing_value = forms.CharField(label="Size", max_length=40)
    order_type = forms.ChoiceField(
        choices=[(word, word) for word in ORDER_TYPES], label="Entry orders"
    )
    stop_loss = forms.CharField(label="Stop loss (fraction of the entry price)", max_length=20)
    take_profit = forms.CharField(
        label="Take profit (fraction, optional)", max_length=20, required=False
    )
    reason = forms.CharField(label="Reason", max_length=500)

    def __init__(self, *args: Any, strategy: Strategy, bot: Bot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.strategy = strategy
        account = bot.account
        tradable = Instrument.objects.filter(
            venue=account.venue,
            environment=account.environment,
            quote=account.quote_asset,
            is_tradable=True,
        )
        symbols = tradable.order_by("symbol").values_list("symbol", flat=True)
        self.fields["symbols"].choices = [(symbol, symbol) for symbol in symbols]  # type: ignore[attr-defined]
        for name, rule in schema(strategy)["properties"].items():
            self.fields[PARAMETER + name] = _parameter_field(rule)

    @property
    def parameter_fields(self) -> list[Any]:
        """The fields that come from the strategy's schema."""
        return [self[name] for name in self.fields if name.startswith(PARAMETER)]

    def content(self) -> ConfigContent:
        """Return what the form says."""
        data = self.cleaned_data
        gain = {"take_profit": data["take_profit"]} if data["take_profit"] else {}
        mode = data["sizing_mode"]
        return ConfigContent(
            strategy=self.strategy.name,
            timeframe=data["timeframe"],
            symbols=tuple(data["symbols"]),
            sizing={
                "mode": mode,
                MODES[mode][0]: data["sizing_value"],
                "order_type": data["order_type"],
            },
            protection={"stop_loss": data["stop_loss"], **gain},
            parameters={
                name.removeprefix(PARAMETER): value
                for name, value in data.items()
                if name.startswith(PARAMETER) and value is not None
            },
        )

    def refuse(self, error: DeskError) -> None:
        """Show a refusal of the action beside the field that it names."""
        field = str(error.context.get("field", ""))
        homes = {
            "sizing": "sizing_mode", "protection.stop_loss": "stop_loss", "protection": "stop_loss",
            "protection.take_profit": "take_profit",
        }  # fmt: skip
        home = homes.get(field) or (
            PARAMETER + field if PARAMETER + field in self.fields else field
        )
        if home.startswith("sizing."):
            home = "sizing_value"
        self.add_error(home if home in self.fields else None, refusal_words(error))


def _parameter_field(rule: dict[str, Any]) -> forms.Field:
    kind = forms.IntegerField if rule["type"] == "integer" else forms.FloatField
    return kind(
        label=rule["title"],
        help_text=f"{rule['help']} ({rule['min']} to {rule['max']})",
        min_value=rule["min"],
        max_value=rule["max"],
        initial=rule["default"],
    )


def initial_of(config: BotConfig | None, strategy: Strategy) -> dict[str, Any]:
    """Return what a new version's form starts from: the running version, or the strategy's own wishes."""
    if config is None:
        return {
            "timeframe": strategy.timeframe, "sizing_mode": "fixed_cost", "sizing_value": "100",
            "order_type": "market", "stop_loss": str(strategy.protection.stop_loss),
        }  # fmt: skip
    mode = config.sizing["mode"]
    is_same = config.strategy_version.strategy.name == strategy.name
    parameters = {PARAMETER + k: v for k, v in config.parameters.items()} if is_same else {}
    return {
        "timeframe": config.timeframe,
        "symbols": [
            row.instrument.symbol for row in config.instruments.select_related("instrument")
        ],
        "sizing_mode": mode,
        "sizing_value": config.sizing[MODES[mode][0]],
        "order_type": config.sizing.get("order_type", "market"),
        "stop_loss": config.protection.get("stop_loss", ""),
        "take_profit": config.protection.get("take_profit", ""),
        **parameters,
    }


def refusal_words(error: DeskError) -> str:
    """Return a refusal in words, with what would pass."""
    told = ", ".join(
        f"{key.replace('_', ' ')} {value}"
        for key, value in error.context.items()
        if key not in {"field", "message"} and value not in (None, "")
    )
    words = str(error.context.get("message") or sentence(error.code))
    return f"{words} ({told})" if told else words
