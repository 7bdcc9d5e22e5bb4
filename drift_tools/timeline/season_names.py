"""What windows may repeat with."""

from typing import Final, Literal, TypeAlias, get_args

SeasonName: TypeAlias = Literal[
    "none", "weekend", "hour_of_day", "hour_of_day_and_weekend", "day_of_week", "hour_of_week", "day_of_month"
]
SEASONS: Final[tuple[SeasonName, ...]] = get_args(SeasonName)
