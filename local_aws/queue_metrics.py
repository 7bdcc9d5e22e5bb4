"""`ApproximateNumberOfMessagesVisible` of every queue, as SQS publishes it to CloudWatch.

SQS publishes once a minute while a queue is active. Here a point is stored when the number has changed, and while
something lies there at most every minute of virtual time: whoever alarms on it sees the same.
"""

from local_aws import seams
from local_aws.clock import VirtualClock

_SECONDS = 60.0
_METRIC = "ApproximateNumberOfMessagesVisible"


class QueueMetrics:
    """Samples the queues of all accounts and regions."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str, str], tuple[int, float]] = {}

    def sample(self) -> None:
        """Store a point of every queue that needs one now."""
        now = self._clock.time()
        for account, region, name, count in seams.visible_messages():
            before, when = self._last.get((account, region, name), (0, 0.0))
            if count == before and (not count or now < when + _SECONDS):
                continue
            self._last[account, region, name] = (count, now)
            value = float(count)
            statistics = {"SampleCount": 1.0, "Sum": value, "Minimum": value, "Maximum": value}
            with seams.request_scope(account, region):
                seams.record_metric("AWS/SQS", _METRIC, {"QueueName": name}, "Count", statistics)
