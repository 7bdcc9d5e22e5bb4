"""The recipe: uniform 0…1, then uniform 10…20, on the sample model."""

from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.loop import Loop, first_request
from examples.demo.page import Scenario
from examples.demo.redelivery import deliver_again
from examples.demo.streaming import streaming

TITLE = "The recipe: made-up traffic, then anomalous traffic"
STORY = (
    "A small model of three features answers rows that are uniform on 0…1, as its baseline was, and then rows that are "
    "uniform on 10…20. Every request also goes into a stream, which tells of it within seconds."
)
NORMAL, ANOMALOUS = "baseline traffic", "anomalous traffic"
ROWS = 600  # a window of fewer than about 500 rows makes Model Monitor's distances noisy
SEED = 7
STEPS = 8


def run(loop: Loop) -> Scenario:
    """Baseline traffic, anomalous traffic, the stream's notification, the hourly monitor's alarm, and it once more."""
    with loop.steps.step("the baseline processing job") as step:
        step.result = f"constraints for {loop.stack.wait_for_baseline()} columns"

    with streaming(loop) as stream:
        requests = list(baseline_requests(ROWS, seed=SEED))
        normal = loop.hour(NORMAL, requests, meanwhile=lambda: stream.settle(ROWS))
        requests = list(anomalous_requests(ROWS, seed=SEED))
        anomalous = loop.hour(
            ANOMALOUS,
            requests,
            fault="every feature uniform on 10…20",
            meanwhile=lambda: stream.wait_for_notification(ROWS, loop.began(ANOMALOUS)),
        )

        with loop.steps.step("alarm, responder, and no second notification of the same") as step:
            alarm = loop.wait_for_alarm()
            told = loop.rings()
            after = (loop.stack.cloud.clock.now() - loop.began(ANOMALOUS)).total_seconds() / 60
            step.result = f"{alarm.state}, {after:.0f} minutes after the first anomalous request; {len(told)} told"
        with loop.steps.step("the same alarm, delivered a second time") as step:
            step.result = deliver_again(loop.stack, loop.alarms_sent()[-1])
        streamed = stream.result(len(loop.rings()))

    return Scenario(
        name=TITLE,
        story=STORY,
        windows=(normal, anomalous),
        alarm=alarm,
        notifications=loop.notifications(),
        timeline=loop.timeline(first_request(ANOMALOUS)),
        streamed=streamed,
    )
