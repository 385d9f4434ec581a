"""What templates need: formats, badges, live nodes."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.clock import now
from apps.core.domain.money import plain
from apps.dashboard import wire
from apps.dashboard.domain import formats, states, terms, words

register = template.Library()
# An amount as a column of 18 places writes it.
PADDED = re.compile(r"-?\d+\.\d*0{4}")
# What a story need not say of a JSON object.
UNTOLD = frozenset({"codes", "actor_id", "actor_kind"})

register.filter("utc", formats.utc)
register.filter("utc_ms", formats.utc_ms)
register.filter("explain", words.explain)
register.filter("sentence", words.sentence)
register.filter("pretty", wire.pretty)


def _known(value: object) -> Decimal | None:
    """Return a Decimal as it is; a template's empty text for "not there" is None."""
    return value if isinstance(value, Decimal) else None


@register.filter
def ticked(value: Decimal | None, tick: Decimal | None) -> str:
    """Write a price to the tick, or an amount to the step."""
    return formats.price(_known(value), tick)


@register.filter
def money(value: Decimal | None) -> str:
    """Write quote units with 2 places."""
    return formats.number(_known(value))


@register.filter
def percent(value: Decimal | None) -> str:
    """Write a fraction as percent."""
    return formats.percent(value, 1)


@register.filter
def clock(moment: datetime | None) -> str:
    """Write the time of day, UTC."""
    return formats.utc(moment)[11:] if moment else formats.MISSING


@register.filter
def stage_word(stage: str) -> str:
    """Write a stage as people say it."""
    return states.STAGE_WORDS.get(stage, stage)


@register.filter
def type_word(name: str) -> str:
    """Write an order's type as a trader says it."""
    return terms.TYPE_WORDS.get(name, name)


@register.filter
def time_word(name: str) -> str:
    """Write a time in force in words."""
    return terms.TIME_WORDS.get(name, name)


@register.filter
def origin_word(name: str) -> str:
    """Write where an order came from."""
    return terms.ORIGIN_WORDS.get(name, name)


@register.filter
def group_word(name: str) -> str:
    """Write a group's kind in words."""
    return terms.GROUP_WORDS.get(name, name)


@register.filter
def trigger(order: Any, tick: Decimal | None) -> str:
    """Write what sets an order off; "" for nothing."""
    names = ("stop_price", "trailing_rate", "type")
    row = order if isinstance(order, dict) else {name: getattr(order, name) for name in names}
    return terms.trigger_words(row, _known(tick))


@register.filter
def places(value: float | None, digits: int = 1) -> str:
    """Write a measured number (a float) with some places."""
    return formats.MISSING if value is None else formats.number(Decimal(repr(value)), digits)


@register.filter
def share(value: float | None) -> str:
    """Write a measured part (a float, 0 to 1) as percent."""
    return formats.percent(None if value is None else Decimal(repr(value)), 1)


@register.filter
def humanly(text: str) -> str:
    """Write a code-like word with blanks."""
    return text.replace("_", " ").replace(".", " ")


@register.filter
def lookup(mapping: dict[str, Any], key: str) -> Any:
    """Return one entry of a mapping."""
    return mapping.get(key)


@register.filter
def fine(value: Decimal | None) -> str:
    """Write an exact decimal without trailing zeros."""
    return (
        plain(value).replace("-", formats.MINUS) if isinstance(value, Decimal) else formats.MISSING
    )


@register.filter
def as_list(value: Any) -> list[Any]:
    """Give the entries of a JSON list, or a single entry as one."""
    if not value:
        return []
    if isinstance(value, dict):
        return (
            [value]
            if "code" in value
            else [item for part in value.values() for item in as_list(part)]
        )
    return value if isinstance(value, list) else [value]


@register.filter
def as_pairs(value: Any) -> list[tuple[str, Any]]:
    """Give the entries of a JSON object."""
    return list(value.items()) if isinstance(value, dict) else []


@register.filter
def as_words(value: Any) -> str:
    """Write a JSON object as `close 64,000, held 0.1`; codes are told elsewhere, ids in the audit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, dict):
        text = str(value)
        return text.rstrip("0").rstrip(".") if PADDED.fullmatch(text) else text
    return ", ".join(
        f"{name.replace('_', ' ')} {as_words(item)}"
        for name, item in value.items()
        if name not in UNTOLD and item not in (None, "", {})
    )


@register.simple_tag
def profit(value: Decimal | None) -> SafeString:
    """Write a profit with sign, glyph and tone."""
    return format_html('<span data-tone="{}">{}</span>', formats.tone(value), formats.signed(value))


@register.simple_tag
def badge(state: str) -> SafeString:
    """Write a state as glyph and word."""
    glyph, label, tone = states.badge(state)
    return format_html(
        '<span class="badge" data-tone="{}"><span aria-hidden="true">{}</span> {}</span>',
        tone,
        glyph,
        label,
    )


@register.simple_tag
def side(word: str) -> SafeString:
    """Write a side with its glyph."""
    glyph, label, tone = ("▲", "Buy", "up") if word == "buy" else ("▼", "Sell", "down")
    return format_html('<span data-tone="{}">{} {}</span>', tone, glyph, label)


@register.simple_tag
def copyable(value: Any) -> SafeString:
    """Write an id as its 8 telling characters, copied whole by a click."""
    text = str(value)
    short = text[-8:] if len(text) == 36 and text.count("-") == 4 else text[:8]
    return format_html(
        '<button type="button" class="copy" data-copy="{}" title="{} – click to copy">{}</button>',
        text,
        text,
        short,
    )


@register.simple_tag
def age(moment: datetime | None) -> SafeString:
    """Write how long ago something was; the page counts on."""
    if moment is None:
        return SafeString(formats.MISSING)
    seconds = (now() - moment).total_seconds()
    return format_html(
        '<time data-age="{}" title="{} UTC">{}</time>',
        round(moment.timestamp() * 1000), formats.utc(moment), formats.age(seconds),
    )  # fmt: skip


@register.simple_tag
def bar(used: Decimal | None, limit: Decimal | None) -> SafeString:
    """Draw how much of a limit is used."""
    return _bar("", formats.bar_cell(used, limit))


@register.simple_tag(takes_context=True)
def live(context: Any, *parts: str) -> SafeString:
    """Write a live value of the page's topics; its key is `parts` joined by dots."""
    key = ".".join(parts)
    cell = context["live"].get(key)
    if cell is None:
        return format_html('<span data-live="{}">{}</span>', key, formats.MISSING)
    if "v" in cell:
        return _bar(key, cell)
    if "at" in cell:
        seconds = now().timestamp() - cell["at"] / 1000
        return format_html(
            '<time data-live="{}" data-age="{}" data-tone="{}">{}</time>',
            key, cell["at"], cell.get("tone", ""), formats.age(seconds),
        )  # fmt: skip
    return format_html(
        '<span data-live="{}" data-tone="{}">{}</span>', key, cell.get("tone", ""), cell["t"]
    )


def _bar(key: str, cell: formats.Cell) -> SafeString:
    return format_html(
        '<progress data-live="{}" data-tone="{}" value="{}" max="{}" aria-label="used of the limit"></progress>',
        key, cell.get("tone", ""), cell["v"], cell["max"],
    )  # fmt: skip
