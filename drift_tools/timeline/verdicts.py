"""What a run says of one feature."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["drift", "growing", "no drift", "not enough data", "learning"]
Test: TypeAlias = Literal["sudden", "cumulative", "rare shares", "runs", "rows", ""]


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """The judgement on one feature at one window.

    `state`: "drift" (evidence and material), "growing" (evidence over windows, not yet material), "no drift" or "not
    enough data". `test`: which of the tests has the evidence, and `moved` what moved, as messages say it. `p_value`: of
    the window alone, over the feature's scores. `effect`: the index less what undrifted windows have on average, of the
    window or of those that were looked at together. `since`: the start of the first window of the present episode,
    `moves` those at which it moved again. `a_day`: for a location that goes on growing, by how many standard deviations
    a day, and `material_at` when it will be material if it does.
    """

    state: State
    reason: str
    test: Test = ""
    moved: str = ""
    p_value: float = math.nan
    effect: float = math.nan
    since: int | None = None
    moves: tuple[int, ...] = ()
    a_day: float | None = None
    material_at: int | None = None
