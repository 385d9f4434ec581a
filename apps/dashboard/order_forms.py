"""Forms of orders by hand: what a person types, and the terms it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django import forms

from apps.core.domain.money import exact, plain
from apps.core.errors import DeskError, InvalidInput
from apps.dashboard.domain.live import version
from apps.dashboard.domain.terms import TIME_WORDS, TYPE_WORDS
from apps.dashboard.forms import refusal_words
from apps.marketdata.models import Instrument
from apps.orders.domain.lifecycle import PRICED, TIMES_IN_FORCE, TRIGGERED, TYPES
from apps.orders.models import Order
from apps.trading.actions.amend_order import NewTerms
from apps.trading.domain.manual import GroupTerms, ManualTerms
from apps.venues.domain.capabilities import How, capability

REASON_MAX: Final = 500
WHATS: Final = {
    "order": "One order",
    "bracket": "Bracket: an entry, then its stop and target",
    "oco": "OCO: a stop and a target for what is held",
}
HUNDRED: Final = Decimal(100)
# Names of the actions' fields -> those of these forms.
HOMES: Final = {"trailing_rate": "trailing", "target_price": "exit_target"}


class NumberField(forms.CharField):
    """An exact decimal typed as text; nothing is None."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=40, widget=widget, **kwargs)

    def clean(self, value: Any) -> Decimal | None:  # type: ignore[override]
        """Return the number.

        :raises ValidationError: it is none.
        """
        text = super().clean(value).replace(",", "").replace("−", "-")
        if not text:
            return None
        try:
            return exact(text)
        except InvalidInput as error:
            raise forms.ValidationError("This is not a number.") from error


class TermsForm(forms.Form):
    """What forms of terms share: a reason, a fingerprint, refusals beside their fields."""

    reason = forms.CharField(
        max_length=REASON_MAX, label="Reason (goes to the audit)",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    @property
    def fingerprint(self) -> str:
        """What was previewed; other terms are previewed again."""
        told = {k: v for k, v in self.cleaned_data.items() if k != "reason"}
        return version(sorted((name, str(value)) for name, value in told.items()))

    def refuse(self, error: DeskError) -> None:
        """Show a refusal of the action beside the field that it names."""
        name = str(error.context.get("field", ""))
        field = name if name in self.fields else HOMES.get(name, "")
        self.add_error(field if field in self.fields else None, refusal_words(error))


class NewOrderForm(TermsForm):
    """An order, a bracket or a pair of exits; only the fields that the type needs count."""

    what = forms.ChoiceField(choices=list(WHATS.items()), label="What", initial="order")
    instrument = forms.TypedChoiceField(coerce=int)
    side = forms.ChoiceField(choices=[("buy", "▲ Buy"), ("sell", "▼ Sell")], required=False)
    type = forms.ChoiceField(required=False)
    amount = NumberField(label="Amount (base units)")
    price = NumberField(label="Limit price")
    stop_price = NumberField(label="Trigger price")
    trailing = NumberField(label="Trails by (percent)")
    time_in_force = forms.ChoiceField(label="Time in force", required=False)
    expires_at = forms.DateTimeField(
        required=False, label="Good till (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip
    post_only = forms.BooleanField(required=False, label="Post only: never take")
    reduce_only = forms.BooleanField(required=False, label="Reduce only: never open")
    exit_stop = NumberField(label="Stop at")
    exit_target = NumberField(label="Target at")
    exit_trailing = NumberField(label="Or trail by (percent)")

    field_order = (
        "what", "instrument", "side", "type", "amount", "price", "stop_price", "trailing",
        "time_in_force", "expires_at", "post_only", "reduce_only", "exit_stop", "exit_target",
        "exit_trailing", "reason",
    )  # fmt: skip

    def __init__(self, *args: Any, instruments: Sequence[Instrument], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instruments = {row.pk: row for row in instruments}
        rows = [capability(venue=row.venue, kind=row.kind) for row in instruments]
        able = {n for n in (*TYPES, *TIMES_IN_FORCE) if any(r.how(n) is not How.REFUSED for r in rows)}  # fmt: skip
        choices: dict[str, list[tuple[Any, str]]] = {
            "instrument": [(row.pk, row.symbol) for row in instruments],
            "type": [(name, TYPE_WORDS[name]) for name in TYPES if name in able],
            "time_in_force": [
                (name, f"{name}, {TIME_WORDS[name]}") for name in TIMES_IN_FORCE if name in able
            ],
        }
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Instrument:
        """The instrument."""
        return self.instruments[self.cleaned_data["instrument"]]

    def clean(self) -> dict[str, Any]:
        """Demand what the type needs, forget what it does not use."""
        data = super().clean() or self.cleaned_data
        if data.get("what") == "oco":
            return data
        kind = data.get("type") or "market"
        uses = {
            "price": kind in PRICED,
            "stop_price": kind in TRIGGERED,
            "trailing": kind == "trailing_stop_market",
            "expires_at": data.get("time_in_force") == "GTD",
        }
        optional = {"stop_price"} if kind == "trailing_stop_market" else set()
        for name in ("side", "amount", *(n for n, used in uses.items() if used)):
            if not data.get(name) and name not in self.errors and name not in optional:
                self.add_error(name, "This kind of order needs it.")
        return data | {name: None for name, used in uses.items() if not used}

    def terms(self, request_id: str) -> ManualTerms:
        """Return the order, or the entry of a bracket."""
        data = self.cleaned_data
        until: datetime | None = data["expires_at"]
        return ManualTerms(
            data["instrument"], data["side"], data["type"] or "market", data["amount"], request_id,
            price=data["price"], stop_price=data["stop_price"],
            trailing_rate=_rate(data["trailing"]), time_in_force=data["time_in_force"] or "GTC",
            post_only=data["post_only"], reduce_only=data["reduce_only"],
            expires_at=until.replace(tzinfo=UTC) if until else None,
        )  # fmt: skip

    def group_terms(self, request_id: str) -> GroupTerms:
        """Return the pair of exits, or the bracket with its entry."""
        data = self.cleaned_data
        return GroupTerms(
            data["instrument"], request_id, stop_price=data["exit_stop"],
            target_price=data["exit_target"], trailing_rate=_rate(data["exit_trailing"]),
            entry=self.terms(request_id) if data["what"] == "bracket" else None,
        )  # fmt: skip

    def refuse(self, error: DeskError) -> None:
        """Show refusals of a group's exits at the exits."""
        is_exit = error.code.startswith(("GROUP_", "STOP_LOOSER"))
        homes = {"stop_price": "exit_stop", "trailing_rate": "exit_trailing"}
        name = str(error.context.get("field", ""))
        if is_exit and name in homes:
            self.add_error(homes[name], refusal_words(error))
        else:
            super().refuse(error)


class AmendForm(TermsForm):
    """The terms of an open order that may change; each starts as it is."""

    price = NumberField(label="Limit price")
    stop_price = NumberField(label="Trigger price")
    amount = NumberField(label="Whole amount, its filled part included (base units)")

    field_order = ("price", "stop_price", "amount", "reason")

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        self.before = {
            "price": order.price, "stop_price": order.stop_price,
            "amount": None if order.purpose == "protect" else order.amount,
        }  # fmt: skip
        known = {name: value for name, value in self.before.items() if value is not None}
        texts = {name: plain(value) for name, value in known.items()}
        kwargs["initial"] = texts
        super().__init__(*args, **kwargs)
        for name in self.before.keys() - known.keys():
            del self.fields[name]

    def terms(self) -> NewTerms:
        """Return what is other than before."""
        found = {name: self.cleaned_data.get(name) for name in self.before}
        return NewTerms(**{n: v for n, v in found.items() if v is not None and v != self.before[n]})


def _rate(percent: Decimal | None) -> Decimal | None:
    return None if percent is None else percent / HUNDRED
