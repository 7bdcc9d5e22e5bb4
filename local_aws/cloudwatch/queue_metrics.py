"""`ApproximateNumberOfMessagesVisible` of every queue, as SQS publishes it to CloudWatch.

SQS publishes once a minute while a queue is active. Here a point is stored when the number has changed, and while
something lies there, or lay there until a few minutes ago, at most every minute of virtual time: whoever alarms on it
sees the same, also that it is over.
"""

from local_aws import seams
from local_aws.clock import VirtualClock

_SECONDS = 60.0
_ACTIVE_SECONDS = 900.0
_METRIC = "ApproximateNumberOfMessagesVisible"


class QueueMetrics:
    """Samples the queues of all accounts and regions."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        # Of each queue the last number, when it was stored, and when it last became another one.
        self._last: dict[tuple[str, str, str], tuple[int, float, float]] = {}

    def sample(self) -> None:
        """Store a point of every queue that needs one now."""
        now = self._clock.time()
        for account, region, name, count in seams.visible_messages():
            before, when, changed = self._last.get((account, region, name), (0, 0.0, -_ACTIVE_SECONDS))
            is_idle = not count and now >= changed + _ACTIVE_SECONDS
            if count == before and (is_idle or now < when + _SECONDS):
                continue
            self._last[account, region, name] = (count, now, changed if count == before else now)
            value = float(count)
            statistics = {"SampleCount": 1.0, "Sum": value, "Minimum": value, "Maximum": value}
            with seams.request_scope(account, region):
                seams.record_metric("AWS/SQS", _METRIC, {"QueueName": name}, "Count", statistics)
