"""Attribution: which features the model's scores come from, and whether their ranking is still the baseline's."""

from components.monitors.attribution.kind import Attribution

__all__ = ["Attribution"]
