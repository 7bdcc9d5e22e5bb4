"""Configurations that cannot work, walked argument by argument: each is refused before a resource is made, in one line
with the argument's path, the value and the fix.
"""

import copy
import re
from pathlib import Path
from typing import Any

import botocore.session
import pulumi
import pytest

from components.args import ArgumentError, StackSettings
from components.args.reader import HOSTING_ONLY, Reader
from components.args.training import TrainingSettings
from contract.notification_kinds import DEAD_LETTER, KINDS_OF_MESSAGES, RETRAINING
from tests.components.args.doors import BINARY, CASES, EXISTING, FILTER, QUIET, SUBSCRIPTION, csv
from tests.components.retraining.training_source import BROKEN_SOURCES, packed, training_source

PHONE = {"protocol": "sms", "endpoint": "+4917012345678"}
NIGHT = {"schedule_expression": "cron(0 22 * * *)", "duration": "PT9H"}
# What is given beside an argument of these kinds, so that nothing else is wrong.
AROUND: dict[str, dict[str, Any]] = {
    "bias": {
        "facets": [{"name": "a", "values": ["f"]}],
        "positive_labels": ["1"],
        "features": ["a", "b"],
        "baseline": {"constraints": csv('{"pre_training_bias_metrics": {"facets": {"a": []}}}')},
    },
    "attribution": {
        "features": ["a", "b"],
        "baseline": {"constraints": csv('{"explanations": {"s": {"l": {"global_shap_values": {"a": 1, "b": 2}}}}}')},
    },
    "batch": {"output_uri": "s3://bucket/scores"},
    "retraining": {"training": {"source": training_source()}},
}


@pytest.fixture
def stack(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "model.tar.gz").write_bytes(b"\x1f\x8bmodel")
    return {
        "endpoint": {"model": pulumi.FileAsset(str(tmp_path / "model.tar.gz"))},
        "baseline": {"data": csv("a,b\n1,2\n")},
        "alerting": {"subscriptions": [copy.deepcopy(PHONE)], "quiet_hours": [copy.deepcopy(NIGHT)]},
    }


def put(args: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The arguments with a value at a path."""
    inside: Any = args
    *groups, last = path.split(".")
    for group in groups:
        inside = inside[int(group)] if isinstance(inside, list) else inside.setdefault(group, {})
    inside[int(last) if isinstance(inside, list) else last] = value
    return args


@pytest.mark.parametrize(("path", "value", "says"), CASES)
def test_what_cannot_work_is_refused_at_the_door(stack: dict[str, Any], path: str, value: Any, says: str) -> None:
    first = path.split(".", 1)[0]
    if path.startswith("baseline.captures"):
        stack["baseline"] = {"captures": {"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}}
    if path.startswith("model_quality"):
        stack["model_quality"] = dict(BINARY)
    if first in AROUND:
        stack[first] = {key: copy.copy(item) for key, item in AROUND[first].items()}
    if first == "retraining":
        stack["baseline"] = {"data": csv("prediction,probability,age\n1,0.5,30\n")}
        stack["model_quality"] = BINARY | {"baseline": {"data": csv("prediction,probability,label\n1,0.5,1\n")}}
    if first in AROUND:
        StackSettings.from_args("churn", copy.copy(stack))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError) as caught:
        StackSettings.from_args("churn", put(stack, path, value))  # type: ignore[arg-type]
    said = str(caught.value)
    assert says in said
    assert "\n" not in said
    assert said.startswith((first, "storage."))


@pytest.mark.parametrize(("content", "says"), BROKEN_SOURCES)
def test_a_training_script_that_no_job_can_unpack_is_refused(
    stack: dict[str, Any], tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "source.tar.gz"
    path.write_bytes(content)
    stack["retraining"] = {"training": {"source": pulumi.FileAsset(str(path))}}
    with pytest.raises(ArgumentError) as caught:
        StackSettings.from_args("churn", stack)  # type: ignore[arg-type]
    assert str(caught.value).startswith("retraining.training.source ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "program"),
    [(["./train.py"], "train.py"), (["train.py", "lib/"], "./train.py"), (["src/fit.py", "train.py"], "src/fit.py")],
)
def test_a_training_script_that_a_job_can_unpack_is_taken(tmp_path: Path, names: list[str], program: str) -> None:
    path = tmp_path / "source.tar.gz"
    path.write_bytes(packed(*names))
    args: Any = {
        "source": pulumi.FileAsset(str(path)),
        "program": program,
        "hyperparameters": {"depth": 3, "rate": 0.1},
    }
    found = TrainingSettings.from_args(args)
    assert (found.program, found.hyperparameters) == (program, {"depth": "3", "rate": "0.1"})


def test_an_address_in_both_lists_is_refused(stack: dict[str, Any]) -> None:
    alerting = {"emails": ["a@b.co"], "subscriptions": [{"protocol": "email", "endpoint": "A@b.co"}]}
    with pytest.raises(ArgumentError, match=r"^alerting.subscriptions\[0\] is 'A@b.co', which alerting.emails has too"):
        StackSettings.from_args("churn", put(stack, "alerting", alerting))  # type: ignore[arg-type]


def test_a_filter_by_another_endpoint_is_refused(stack: dict[str, Any]) -> None:
    args = put(put(stack, "endpoint", EXISTING), f"{FILTER}.endpoint", ["another"])
    with pytest.raises(ArgumentError, match=r"filter_policy\.endpoint has only another: this stack watches churn$"):
        StackSettings.from_args("churn", args)  # type: ignore[arg-type]


TAKEN: list[tuple[str, Any]] = [
    (f"{FILTER}.kind", ["violations", "disagreement"]),
    (f"{FILTER}.endpoint", ["churn-1a2b3c4"]),
    ("alerting.emails", ["team+drift@mail.example.com", "o'neil@example.co.uk", "a@b-c.museum"]),
    (SUBSCRIPTION, {"protocol": "https", "endpoint": "https://events.pagerduty.com/integration/KEY/enqueue"}),
    (SUBSCRIPTION, {"protocol": "https", "endpoint": "https://8.8.8.8/x"}),
    (SUBSCRIPTION, {"protocol": "lambda", "endpoint": "arn:aws:lambda:eu-west-1:123456789012:function:f:live"}),
    (SUBSCRIPTION, {"protocol": "sqs", "endpoint": "arn:aws-cn:sqs:cn-north-1:123456789012:q_1"}),
    ("tags", {"Größe 1": "a.b:/=+-@", "équipe": ""}),
    ("baseline.data", csv('"a, b",c\r\n"1,5",2\r\n')),
    ("baseline.data", csv("\ufeffa,b\n1,2\n")),
    ("data_quality.exclude_features", ["1"]),
    ("data_quality.instance_type", "ml.t3.medium"),
    ("endpoint.instance_type", "ml.p6-b200.48xlarge"),
    ("endpoint.instance_type", "ml.z9x.32xlarge"),
    ("kms_key_arn", "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"),
    ("kms_key_arn", "arn:aws-eusc:kms:eusc-de-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("endpoint", {"existing": {"name": "a--b", "capture_uri": "s3://my.bucket-1/captures/of mine"}}),
    (f"{QUIET}.schedule_expression", "cron(0 0 29 2 *)"),
    (f"{QUIET}.schedule_expression", "cron(0 22 * * FRI-SAT)"),
    (f"{QUIET}.duration", "PT23H"),
    ("open_engine.model_version", 3),  # `pulumi config set` keeps it as a number
    ("log_retention_in_days", "30"),
    ("model_quality", {**BINARY, "start_time_offset": "-P89D"}),
]


@pytest.mark.parametrize(("path", "value"), TAKEN)
def test_what_can_work_is_taken(stack: dict[str, Any], path: str, value: Any) -> None:
    StackSettings.from_args("churn", put(stack, path, value))  # type: ignore[arg-type]


def test_every_instance_type_of_awss_models_is_taken_where_aws_has_it() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    hosting, jobs = (
        set(model.shape_for(name).enum) for name in ("ProductionVariantInstanceType", "ProcessingInstanceType")
    )
    for name in hosting:
        assert Reader("", {"instance_type": name}, ["instance_type"]).instance_type("") == name
    training = set(model.shape_for("TrainingInstanceType").enum)
    for name in training:
        assert Reader("", {"instance_type": name}, ["instance_type"]).training_instance_type("") == name
    for name in jobs:
        assert Reader("", {"instance_type": name}, ["instance_type"]).job_instance_type("") == name
    families = [{name.split(".")[1] for name in names} for names in (hosting, jobs)]
    assert families[0] - families[1] >= HOSTING_ONLY  # one that AWS gives to jobs later must leave the list


def test_the_kinds_of_messages_are_those_that_the_functions_send() -> None:
    functions = Path(__file__).parents[3] / "functions"
    sources = "".join(path.read_text(encoding="utf-8") for path in functions.rglob("*.py"))
    sent = set(re.findall(r'attributes_of\(alarm, "([a-z-]+)"\)', sources))
    assert sent | {RETRAINING, DEAD_LETTER} == set(KINDS_OF_MESSAGES)
