"""The recipe: uniform 0…1, then uniform 10…20, on the sample model."""

from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.loop import Loop, first_request
from examples.demo.page import Scenario
from examples.demo.redelivery import deliver_again

TITLE = "The recipe: made-up traffic, then anomalous traffic"
STORY = (
    "A small model of three features answers rows that are uniform on 0…1, as its baseline was, and then rows that are "
    "uniform on 10…20."
)
NORMAL, ANOMALOUS = "baseline traffic", "anomalous traffic"
ROWS = 600  # a window of fewer than about 500 rows makes Model Monitor's distances noisy
SEED = 7
STEPS = 7


def run(loop: Loop) -> Scenario:
    """Baseline traffic, anomalous traffic, the alarm, its notification, and the same alarm once more."""
    with loop.steps.step("the baseline processing job") as step:
        step.result = f"constraints for {loop.stack.wait_for_baseline()} columns"

    normal = loop.hour(NORMAL, list(baseline_requests(ROWS, seed=SEED)))
    anomalous = loop.hour(ANOMALOUS, list(anomalous_requests(ROWS, seed=SEED)), fault="every feature uniform on 10…20")

    with loop.steps.step("alarm, responder, notification") as step:
        alarm = loop.wait_for_alarm()
        step.result = f"{alarm.state}; {loop.messages()[-1].subject!r}"
    with loop.steps.step("the same alarm, delivered a second time") as step:
        step.result = deliver_again(loop.stack, loop.alarms_sent()[-1])

    return Scenario(
        name=TITLE,
        story=STORY,
        windows=(normal, anomalous),
        alarm=alarm,
        notifications=loop.notifications(),
        timeline=loop.timeline(first_request(ANOMALOUS)),
    )
