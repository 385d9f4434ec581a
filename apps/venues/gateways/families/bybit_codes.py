"""Codes of Bybit (v5, docs "Error Codes"): what each proves about the request it answers.

10000, 10016, 170001, 170007, 170146, 170147 (the server timed out or failed), 429 in a body, and
codes that are not about orders prove nothing. So do 10014, 110072 and 170141: an order of ours
with this id exists, evidence that an earlier request went through.
"""

from __future__ import annotations

from typing import Final

from apps.venues.gateways.families.base import Meaning
from apps.venues.gateways.wire import Answer


def _codes(first: int, last: int) -> set[str]:
    return {str(code) for code in range(first, last + 1)}


KEYS: Final = "-2015 33004 10003 10004 10005 10007 10008 10009 10010 10024 10027 10028 170031"
LIMITED: Final = "10006 10018 30035 170005 170222"
ABSENT: Final = "110001 110008 110010 170139 170142 170143 170190 170213"
ALREADY: Final = "34040 110025 110026 110027 110043"
# contract orders refused, and the few in the range that say nothing of the kind
CONTRACTS: Final = _codes(110003, 110137) - {"110063", "110072", "110079"}
SPOT: Final = _codes(170010, 170358) - {"170141", "170146", "170147", "170149", "170150"}
OTHERS: Final = (
    "10001 10002 10017 10029 100028 30133 30134 30135 30136 30208 30209 30228 30256 110063"
    " 170346 170360 181017 3200403"
)
MEANINGS: Final = {
    **dict.fromkeys(CONTRACTS | SPOT | set(OTHERS.split()), Meaning.REJECTED),
    **dict.fromkeys(KEYS.split(), Meaning.KEY),
    **dict.fromkeys(LIMITED.split(), Meaning.RATE_LIMITED),
    **dict.fromkeys(ABSENT.split(), Meaning.NO_SUCH_ORDER),
    **dict.fromkeys(ALREADY.split(), Meaning.ALREADY),
}


def code_of(answer: Answer) -> str:
    """Return `retCode` as text, empty when the answer carries none."""
    return str(answer.json().get("retCode", ""))
