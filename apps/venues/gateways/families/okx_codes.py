"""Codes of OKX (v5, docs "Error Code"): what each proves about the request it answers.

50001, 50004, 50013, 50026 (the service or its back end failed or timed out) and whatever is not
listed prove nothing. So does 51016: an order of ours with this id exists.
"""

from __future__ import annotations

from typing import Final

from apps.venues.gateways.families.base import Meaning
from apps.venues.gateways.wire import Answer


def _codes(first: int, last: int) -> set[str]:
    return {str(code) for code in range(first, last + 1)}


KEYS: Final = _codes(50100, 50121) - {"50102", "50112", "50115"}
LIMITED: Final = "50011 50040 50061 51290"
ABSENT: Final = "51400 51401 51402 51410 51503 51509 51510 51603"
ALREADY: Final = "51607 59001 59646"
# order placement refused: parameters, limits, balances, prices, position rules
REFUSED: Final = (
    _codes(50002, 50003) | _codes(50014, 50025) | {"50027", "50030", "50102", "50112", "50115"}
    | _codes(51000, 51015) | _codes(51017, 51062) | _codes(51065, 51159) | _codes(51170, 51179)
    | _codes(51201, 51205) | _codes(51250, 51288) | _codes(51291, 51347) | _codes(59000, 59130)
)  # fmt: skip
MEANINGS: Final = {
    **dict.fromkeys(REFUSED, Meaning.REJECTED),
    **dict.fromkeys(KEYS, Meaning.KEY),
    **dict.fromkeys(LIMITED.split(), Meaning.RATE_LIMITED),
    **dict.fromkeys(ABSENT.split(), Meaning.NO_SUCH_ORDER),
    **dict.fromkeys(ALREADY.split(), Meaning.ALREADY),
}


def code_of(answer: Answer) -> str:
    """Return the code of the only item where there is one, else the answer's own."""
    found = answer.json()
    items = found.get("data")
    if isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict):
        item = str(items[0].get("sCode") or "0")
        if item != "0":
            return item
    return str(found.get("code", ""))
