"""Which climb may be asked for."""

from __future__ import annotations

from apps.bots.domain.stages import environment_fits, next_stage
from apps.core.errors import Conflict, InvalidInput


class PromotionRefused(Conflict):
    """This climb cannot be asked for; the code says why."""

    default_code = "PROMOTION_REFUSED"


def check_climb(*, stage: str, environment: str, to_environment: str, rehearsal: bool) -> str:
    """Return the stage above `stage`, when the target account's environment fits it.

    :raises PromotionRefused: `STAGE_AT_TOP`.
    :raises InvalidInput: `STAGE_NEEDS_OTHER_ACCOUNT`, with both environments.
    """
    above = next_stage(stage)
    if above is None:
        raise PromotionRefused("STAGE_AT_TOP", stage=stage)
    if not environment_fits(stage=above, environment=to_environment, rehearsal=rehearsal):
        raise InvalidInput(
            "STAGE_NEEDS_OTHER_ACCOUNT", field="account", stage=above,
            environment=to_environment, present=environment,
        )  # fmt: skip
    return above
