"""Whether the monitor and the local measures say the same, in words."""

from dataclasses import dataclass

from drift_tools.comparison import CrossCheck
from drift_tools.report.words import count, listed


@dataclass(frozen=True)
class CrossCheckRow:
    """A feature that the monitor or the local measures call, and what either says. `who` is a CSS class as well."""

    name: str
    who: str
    monitor: str
    local: str


def agreement(check: CrossCheck) -> str:
    """Say in one sentence whether the monitor and the local measures say the same."""
    if not (check.agreed or check.monitor_only or check.local_only):
        return "The monitor and the local measures agree: neither calls any feature."
    alone = [
        f"{who} {'calls' if who == 'the monitor' else 'call'} {count(len(names), 'feature')} more"
        for who, names in (("the monitor", check.monitor_only), ("the local measures", check.local_only))
        if names
    ]
    both = f"both call {listed(check.agreed)}" if check.agreed else "there is no feature that both call"
    if not alone:
        return f"The monitor and the local measures agree: {both}."
    return f"The monitor and the local measures differ: {both}; {' and '.join(alone)}."


def cross_check_rows(check: CrossCheck) -> tuple[CrossCheckRow, ...]:
    """What both say of each feature that either calls."""
    return tuple(
        CrossCheckRow(
            name,
            who,
            listed(list(dict.fromkeys(check.checks.get(name, ())))) or "no violation",
            check.reasons.get(name, "no feature of the data"),
        )
        for who, names in (
            ("both", check.agreed),
            ("the monitor only", check.monitor_only),
            ("the local measures only", check.local_only),
        )
        for name in names
    )
