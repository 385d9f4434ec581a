"""The form of a config version: a strategy's parameters, and how it sizes, protects and executes."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from apps.bots.domain.configs import ConfigContent
from apps.bots.domain.execution import EXIT_TYPES, Execution
from apps.bots.domain.execution import RANGES as EXECUTION_RANGES
from apps.bots.domain.sizing import (
    LEVERAGE_MAX,
    MARGIN_MODES,
    MODES,
    ORDER_TYPES,
    POSITION_SHARE_MAX,
    PROTECTION_MAX,
    SIDES,
)
from apps.bots.models import Bot, BotConfig
from apps.core.domain.money import plain
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import DeskError
from apps.dashboard.forms import refusal_words
from apps.marketdata.models import Instrument
from apps.strategies.domain.base import Strategy
from apps.strategies.domain.parameters import schema

PARAMETER: Final = "p_"
MODE_WORDS: Final = {
    "fixed_cost": "Fixed cost per position (quote units)",
    "equity_fraction": "Fraction of equity",
    "risk_per_trade": "Fraction of equity lost at the stop",
    "volatility_target": "Wanted volatility a year (fraction)",
}
PERPETUAL: Final = ("leverage", "margin_mode", "sides")
# Part of a config -> the fields that it names as this form does; an empty one is not stored.
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "sizing": ("order_type", "max_fraction", *PERPETUAL),
    "protection": ("stop_loss", "take_profit", "trailing_stop"),
    "execution": (*EXECUTION_RANGES, "exit_order_type"),
}
USUAL: Final = Execution()


def _number(label: str, help_text: str, *, required: bool = False) -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=40, widget=widget
    )


def _patience(name: str, label: str, words: str) -> forms.CharField:
    low, high, _ = EXECUTION_RANGES[name]
    usual = plain(getattr(USUAL, name)) if name == "slippage_bps" else getattr(USUAL, name)
    return _number(label, f"{words} {low} to {high}; empty: {usual}.")


class ConfigForm(forms.Form):
    """A config version of one strategy. The action checks it; the form only asks."""

    timeframe = forms.ChoiceField(choices=[(name, name) for name in TIMEFRAME_MS])
    symbols = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="Instruments")
    sizing_mode = forms.ChoiceField(
        choices=[(mode, MODE_WORDS[mode]) for mode in MODES], label="Sizing"
    )
    sizing_value = _number("Size", "In the unit of the sizing above.", required=True)
    max_fraction = _number(
        "Largest share of equity",
        f"The position's share of the equity is never larger. Up to {POSITION_SHARE_MAX}, which is"
        " also meant when empty.",
    )
    order_type = forms.ChoiceField(
        choices=[(word, word) for word in ORDER_TYPES], label="Entry orders", required=False
    )
    leverage = _number(
        "Leverage",
        "The position's value is this many times its margin; size and share speak of the margin. A"
        f" whole number, 1 to {LEVERAGE_MAX}; the account's limit and the venue may allow less.",
    )
    margin_mode = forms.ChoiceField(
        choices=[(word, word) for word in MARGIN_MODES], label="Margin mode", required=False,
        help_text="Cross: the whole account's collateral carries the position. Isolated: only its"
        " own margin, so it is liquidated sooner; the stop must lie before that.",
    )  # fmt: skip
    sides = forms.ChoiceField(
        choices=[(word, word) for word in SIDES], label="Sides", required=False,
        help_text="Which of the strategy's exposures are traded.",
    )  # fmt: skip
    stop_loss = _number(
        "Stop loss",
        "Distance from the entry price as a fraction of it: 0.05 is 5 %. Up to"
        f" {PROTECTION_MAX['stop_loss']}. It rests at the venue as soon as the entry fills.",
        required=True,
    )
    take_profit = _number(
        "Take profit (optional)",
        "A fraction of the entry price. Stop and target share what is held: when one fills, the"
        " other is cancelled.",
    )
    trailing_stop = _number(
        "Trailing stop (optional)",
        "A fraction of the best price since the entry; never wider than the stop loss. Only where"
        " the venue trails by itself.",
    )
    slippage_bps = _patience(
        "slippage_bps", "Slippage guard (basis points)",
        "How much worse than the arrival price a market entry may fill; exits take 3 times, a"
        " flatten 10 times as much.",
    )  # fmt: skip
    unfilled_timeout_seconds = _patience(
        "unfilled_timeout_seconds", "Unfilled timeout (seconds)",
        "An entry that rests longer is cancelled, an exit priced anew.",
    )  # fmt: skip
    exit_order_type = forms.ChoiceField(
        choices=[(word, word) for word in EXIT_TYPES], label="Exit orders", required=False
    )
    exit_reprices = _patience(
        "exit_reprices", "Repricings of a limit exit", "After so many it goes out at market."
    )
    exit_failures = _patience(
        "exit_failures", "Failed exits in a row",
        "After so many, entries stop and an emergency exit goes out.",
    )  # fmt: skip
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
        found = list(tradable.order_by("symbol").values_list("symbol", "kind"))
        self.fields["symbols"].choices = [(symbol, symbol) for symbol, _ in found]  # type: ignore[attr-defined]
        if not any(kind == "linear" for _, kind in found):
            for name in PERPETUAL:
                del self.fields[name]
        elif not strategy.can_short:
            self.fields["sides"].choices = [("long", "long")]  # type: ignore[attr-defined]
            self.fields["sides"].help_text = "This strategy does not go short."
        for name, rule in schema(strategy)["properties"].items():
            self.fields[PARAMETER + name] = _parameter_field(rule)

    @property
    def parameter_fields(self) -> list[Any]:
        """The fields that come from the strategy's schema."""
        return [self[name] for name in self.fields if name.startswith(PARAMETER)]

    @property
    def sizing_fields(self) -> list[Any]:
        """The fields of the sizing; leverage and sides only where perpetuals are traded."""
        names = ("sizing_mode", "sizing_value", *PARTS["sizing"])
        return [self[name] for name in names if name in self.fields]

    @property
    def protection_fields(self) -> list[Any]:
        """The fields of what ends a position."""
        return [self[name] for name in PARTS["protection"]]

    @property
    def execution_fields(self) -> list[Any]:
        """The fields of how patiently the bot trades."""
        return [self[name] for name in PARTS["execution"]]

    def content(self) -> ConfigContent:
        """Return what the form says; what is left empty is not in it."""
        data = self.cleaned_data
        parts = {
            part: {name: data[name] for name in names if data.get(name)}
            for part, names in PARTS.items()
        }
        mode = data["sizing_mode"]
        if parts["execution"].get("exit_order_type") == USUAL.exit_order_type:
            # a select always says something; the usual is not worth storing
            del parts["execution"]["exit_order_type"]
        return ConfigContent(
            strategy=self.strategy.name,
            timeframe=data["timeframe"],
            symbols=tuple(data["symbols"]),
            sizing={"mode": mode, MODES[mode][0]: data["sizing_value"], **parts["sizing"]},
            protection=parts["protection"],
            parameters={
                name.removeprefix(PARAMETER): value
                for name, value in data.items()
                if name.startswith(PARAMETER) and value is not None
            },
            execution=parts["execution"],
        )

    def refuse(self, error: DeskError) -> None:
        """Show a refusal of the action beside the field that it names."""
        self.add_error(self._home(error), refusal_words(error))

    def _home(self, error: DeskError) -> str | None:
        """Return the form's field of a refusal; None when it speaks of the whole."""
        codes = {"PERPETUALS_ONLY": "leverage", "NOT_AT_THIS_VENUE": "trailing_stop"}
        field = str(error.context.get("field", ""))
        part, _, name = field.partition(".")
        own = "sizing_mode" if field == "sizing" else "sizing_value" if part == "sizing" else None
        for home in (codes.get(error.code), name, PARAMETER + field, field, own):
            if home in self.fields:
                return home
        return None


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
    stored = {
        name: getattr(config, part).get(name, "") for part, names in PARTS.items() for name in names
    }
    return {
        **stored,
        "timeframe": config.timeframe,
        "symbols": [
            row.instrument.symbol for row in config.instruments.select_related("instrument")
        ],
        "sizing_mode": mode,
        "sizing_value": config.sizing[MODES[mode][0]],
        "order_type": config.sizing.get("order_type", "market"),
        **parameters,
    }
