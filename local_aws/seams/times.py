"""The virtual clock in the services that tell the time."""

from ministack.services import cloudwatch as _cloudwatch
from ministack.services import eventbridge as _eventbridge
from ministack.services import s3 as _s3
from ministack.services import scheduler as _scheduler
from ministack.services import sns as _sns

from local_aws.clock import CalendarModule, TimeModule, VirtualClock


def put_on_clock(clock: VirtualClock) -> None:
    """What services say of time goes by the virtual clock.

    These are metrics, alarms and their history, schedules, the `time` of events, messages of SNS and S3's LastModified.
    """
    _cloudwatch.time = TimeModule(clock)
    # What SNS hands to a queue is visible by the queue's time, which is real.
    _sns.time = CalendarModule(clock)
    _s3.now_iso = lambda: f"{clock.now():%Y-%m-%dT%H:%M:%S.000Z}"
    _scheduler._now = clock.time
    _eventbridge._now_ts = clock.time
