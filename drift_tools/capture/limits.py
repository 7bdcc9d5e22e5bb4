"""How much of what an endpoint captured is read: whoever sends requests chooses their size, their names and their form.

What is beyond a limit is skipped and counted with its reason, as any record that cannot be used; docs/limits.md has all
of them.
"""

from typing import Final

LINE_BYTES: Final = 64 << 20
"""Of one captured line. SageMaker takes requests of 25 MB, 34 MB as BASE64, and keeps the answer beside them."""
TOO_LONG: Final = "line of more than 64 MiB"

UNPACKED_BYTES: Final = 1 << 30
"""Of one gzip file of any size, and beyond that `UNPACKED_RATIO` times its size. Captures pack 5 to 30 times."""
UNPACKED_RATIO: Final = 200
EXPANDS: Final = "gzip file unpacks to more than 1 GiB and 200 times its size"

MOST_COLUMNS: Final = 20_000
"""Of one record."""
MOST_NEW_NAMES: Final = 1_000
"""Names in a window that the columns which are asked for do not have: each costs memory for every row of a batch."""
TOO_MANY_COLUMNS: Final = f"more than {MOST_COLUMNS:,} columns"
TOO_MANY_NAMES: Final = f"names beyond the first {MOST_NEW_NAMES:,} that the baseline does not have"
