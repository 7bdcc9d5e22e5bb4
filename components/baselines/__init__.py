"""Baselines: given, or computed by a job; and thresholds written into them."""

from components.baselines.baseline import Baseline, BaselineComponentArgs, network_config

__all__ = ["Baseline", "BaselineComponentArgs", "network_config"]
