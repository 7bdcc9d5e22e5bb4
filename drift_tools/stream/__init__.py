"""Drift within seconds: a producer beside the endpoint's client, counts by bin, a detector that may always look."""

from drift_tools.stream.baseline import MOST_FEATURES, StreamBaseline
from drift_tools.stream.bins import FeatureBins
from drift_tools.stream.detector import HOURS_OF_DAY, HOURS_OF_WEEK, Change, Detector
from drift_tools.stream.episodes import Episode, follow
from drift_tools.stream.producer import Producer
from drift_tools.stream.records import StreamCounts, count_cells, encode_record
from drift_tools.stream.tally import Look, Tally

__all__ = [
    "HOURS_OF_DAY",
    "HOURS_OF_WEEK",
    "MOST_FEATURES",
    "Change",
    "Detector",
    "Episode",
    "FeatureBins",
    "Look",
    "Producer",
    "StreamBaseline",
    "StreamCounts",
    "Tally",
    "count_cells",
    "encode_record",
    "follow",
]
