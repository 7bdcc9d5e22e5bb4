"""Drift within seconds: a producer beside the endpoint's client, counts by bin, a detector that may always look."""

from drift_tools.stream.bins import FeatureBins
from drift_tools.stream.detector import Change, Detector
from drift_tools.stream.producer import Producer
from drift_tools.stream.records import StreamCounts, encode_record

__all__ = ["Change", "Detector", "FeatureBins", "Producer", "StreamCounts", "encode_record"]
