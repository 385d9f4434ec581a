"""The settings of a venue account that a venue may lack."""

from __future__ import annotations

from typing import Final, TypedDict

from apps.core.errors import InvalidInput
from apps.venues.domain.capabilities import How, NotAtThisVenue, capability
from apps.venues.gateways.families import family

POSITION_MODES: Final = ("one_way", "hedge")
MARGIN_MODES: Final = ("cross", "isolated")
SANDBOXES: Final = ("testnet", "demo")
# a word that not every venue has, and the feature it needs
NEEDS: Final = {"hedge": "hedge_mode", "isolated": "isolated_margin"}


class Terms(TypedDict, total=False):
    """What may be said of an account beside its name, venue and environment."""

    quote_asset: str
    position_mode: str
    margin_mode: str
    sandbox: str


def check_terms(*, venue: str, environment: str, terms: Terms) -> None:
    """Refuse what is unknown or what the venue lacks.

    :raises InvalidInput: `POSITION_MODE_UNKNOWN`, `MARGIN_MODE_UNKNOWN`, `SANDBOX_UNKNOWN`,
        `SANDBOX_NOT_AT_THIS_VENUE`.
    :raises NotAtThisVenue: for hedge mode and isolated margin where the venue has none.
    """
    known = {"position_mode": POSITION_MODES, "margin_mode": MARGIN_MODES, "sandbox": SANDBOXES}
    for field, words in known.items():
        word = terms.get(field)
        if word is not None and word not in words:
            raise InvalidInput(f"{field.upper()}_UNKNOWN", field=field, value=word)
        feature = NEEDS.get(str(word))
        if feature and capability(venue=venue, kind="linear").how(feature) is How.REFUSED:
            raise NotAtThisVenue(field=field, venue=venue, feature=feature)
    practice = family(venue).practice
    if environment == "testnet" and terms.get("sandbox", "testnet") not in practice:
        raise InvalidInput(
            "SANDBOX_NOT_AT_THIS_VENUE", field="sandbox",
            sandbox=terms.get("sandbox", "testnet"), has=", ".join(practice) or "none",
        )  # fmt: skip
