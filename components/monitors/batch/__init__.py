"""Batches: what transform jobs wrote, against the stack's baseline."""

from components.monitors.batch.kind import Batch

__all__ = ["Batch"]
