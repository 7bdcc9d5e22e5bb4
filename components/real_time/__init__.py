"""Drift within seconds: a stream of what the endpoint is asked and answers, and a function that watches it."""

from components.real_time.real_time import RealTime, RealTimeComponentArgs

__all__ = ["RealTime", "RealTimeComponentArgs"]
