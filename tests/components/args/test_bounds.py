"""The table of bounds, held against AWS's own models; and that nobody reads a number past it."""

import ast
import re
from pathlib import Path
from typing import Any

import botocore.session
import pulumi
import pytest

import components.args
from components.args import ArgumentError, EndpointSettings, StackSettings, common_settings, endpoint_settings
from components.args.bounds import LENGTHS, NUMBERS, Bound
from components.args.endpoint import _CONTENT_TYPE, _SAGEMAKER_NAME
from components.args.reader import S3_FILE

SESSION = botocore.session.get_session()
ARGUMENTS = Path(components.args.__file__).parent
# Read with a bound of the table and another argument's beside it.
COMPUTED = {"max_capacity", "max_runtime_in_seconds"}


def shape(name: str) -> Any:
    service, member = name.split(".")
    return SESSION.get_service_model(service).shape_for(member)


@pytest.mark.parametrize(("name", "bound"), [*NUMBERS.items(), *LENGTHS.items()])
def test_a_bound_is_awss_own_or_says_why_it_is_narrower(name: str, bound: Bound) -> None:
    assert bound.least <= bound.most
    models = [shape(name).metadata for name in bound.shapes]
    least = max((model["min"] for model in models if "min" in model), default=None)
    most = min((model["max"] for model in models if "max" in model), default=None)
    assert least is None or bound.least >= least
    assert most is None or bound.most <= most
    assert bound.why or (bound.least, bound.most) == (least, most)


def test_no_number_is_read_past_the_table() -> None:
    found = set()
    for path in ARGUMENTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.func if isinstance(node, ast.Call) else None
            if isinstance(call, ast.Attribute) and call.attr == "whole" and path.stem not in {"bounds", "reader"}:
                assert isinstance(node, ast.Call)
                assert isinstance(node.args[0], ast.Constant)
                found.add(node.args[0].value)
    # A number that only this project has a word for, such as `late_hours`, has its bounds where it is read.
    assert found & {name.rsplit(".", 1)[-1] for name in NUMBERS} == COMPUTED


def test_every_line_of_the_table_is_used() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in ARGUMENTS.rglob("*.py") if path.stem != "bounds")
    unused = {name for name in (*NUMBERS, *LENGTHS) if f'"{name}"' not in text}
    # Composed: f"network.{key}", in the singular for each entry.
    assert unused == {name for name in LENGTHS if name.startswith("network.")}


@pytest.mark.parametrize(
    ("pattern", "name", "taken", "refused"),
    [
        (_SAGEMAKER_NAME, "sagemaker.VariantName", ["a", "A-1", "a" * 63], ["-a", "a-", "", "a" * 64, "a_b"]),
        (_CONTENT_TYPE.pattern, "sagemaker.CsvContentType", ["text/csv"], ["text/csv; charset=utf-8", "csv"]),
        (S3_FILE, "sagemaker.S3Uri", [f"s3://bucket/{'k' * 1012}"], [f"s3://bucket/{'k' * 1013}", "s3:///k"]),
    ],
)
def test_a_pattern_takes_nothing_that_aws_refuses(
    pattern: str, name: str, taken: list[str], refused: list[str]
) -> None:
    model = shape(name).metadata

    def aws_takes(text: str) -> bool:
        return len(text) <= model["max"] and re.fullmatch(model["pattern"], text) is not None

    assert [text for text in (*taken, *refused) if re.fullmatch(pattern, text)] == taken
    assert all(aws_takes(text) for text in taken)
    assert not any(aws_takes(text) for text in refused)


TOO_LONG: dict[str, tuple[dict[str, Any], str]] = {
    "image_uri": (
        {"image_uri": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{'a' * 250}"},
        "endpoint.image_uri has 295 characters: AWS takes at most 255",
    ),
    "environment": (
        {
            "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a",
            "environment": {f"N{i}": "" for i in range(101)},
        },
        "endpoint.environment has 101 entries: AWS takes at most 100",
    ),
    "value": (
        {"image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a", "environment": {"TOKEN": "s" * 1025}},
        "endpoint.environment.TOKEN has 1025 characters: AWS takes at most 1024",
    ),
    "content types": (
        {"image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a", "csv_content_types": ["text/csv"] * 11},
        "endpoint.csv_content_types has 11 entries: AWS takes 1 to 10",
    ),
    "content type": (
        {"image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a", "csv_content_types": ["text/" + "c" * 252]},
        "endpoint.csv_content_types has a type that has 257 characters: AWS takes 1 to 256",
    ),
}


@pytest.mark.parametrize(("args", "message"), TOO_LONG.values(), ids=TOO_LONG)
def test_what_is_too_long_is_refused_at_the_door(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        EndpointSettings.from_args(args)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_captures_that_are_too_far_down_are_refused() -> None:
    given = {"existing": {"name": "churn", "capture_uri": f"s3://bucket/{'k' * 501}"}}
    with pytest.raises(ArgumentError, match=r"capture_uri has 513 characters: AWS takes at most 512"):
        endpoint_settings(given)


def test_the_fifty_first_tag_is_refused() -> None:
    common_settings({"tags": {f"tag-{number}": "" for number in range(50)}})
    with pytest.raises(ArgumentError, match="tags has 51 entries: AWS takes at most 50"):
        common_settings({"tags": {f"tag-{number}": "" for number in range(51)}})


def test_an_attribute_fits_into_a_jobs_environment() -> None:
    baseline = {"data": pulumi.StringAsset("a,b\n1,2\n")}
    quality = {"problem_type": "BinaryClassification", "inference_attribute": "p" * 257}
    existing = {"existing": {"name": "churn", "capture_uri": "s3://bucket/captures"}}
    args: Any = {"endpoint": existing, "baseline": baseline, "model_quality": quality}
    with pytest.raises(
        ArgumentError, match=r"model_quality\.inference_attribute has 257 characters: AWS takes 1 to 256"
    ):
        StackSettings.from_args("churn", args)
