"""Arguments of the baselines: of the data, and of the model's predictions."""

import math
from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict

import pulumi

from components.args.reader import ArgumentError, Reader, argument_names


class BaselineArgs(TypedDict):
    """The data that later data are compared with, and the job that describes them."""

    data: pulumi.Asset
    """CSV with a header: the model's output columns first, then its inputs, in the order of captured records."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600."""
    attempt: NotRequired[int]
    """Raise it to start a baseline job again that failed. Default 1."""


class ModelQualityBaselineArgs(TypedDict):
    """Predictions with their true labels, from which the first performance figures are computed."""

    data: pulumi.Asset
    """CSV with a header."""
    inference_attribute: NotRequired[str]
    """Column of the prediction. Default `prediction`."""
    probability_attribute: NotRequired[str]
    """Column of the probability. Default `probability` for BinaryClassification, otherwise none."""
    ground_truth_attribute: NotRequired[str]
    """Column of the true label. Default `label`."""


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """`BaselineArgs`, checked and complete. `content` are the bytes of the data."""

    data: pulumi.Asset
    content: bytes
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int
    attempt: int

    @classmethod
    def from_args(cls, args: BaselineArgs, path: str = "baseline") -> Self:
        read = Reader(path, args, argument_names(BaselineArgs))
        data, content = read.asset("data", "name a CSV file with a header")
        csv_header(read, "data", content)
        return cls(
            data=data,
            content=content,
            instance_type=read.instance_type("ml.m5.xlarge"),
            volume_size_in_gb=read.whole("volume_size_in_gb", 20, 1, 16384),
            max_runtime_in_seconds=read.whole("max_runtime_in_seconds", 3600, 60, 86400),
            attempt=read.whole("attempt", 1, 1, 999),
        )


@dataclass(frozen=True, kw_only=True)
class ModelQualityBaselineSettings:
    """`ModelQualityBaselineArgs`, checked and complete."""

    data: pulumi.Asset
    content: bytes
    inference_attribute: str
    probability_attribute: str | None
    ground_truth_attribute: str

    @classmethod
    def from_args(cls, args: ModelQualityBaselineArgs, problem_type: str, path: str = "model_quality.baseline") -> Self:
        read = Reader(path, args, argument_names(ModelQualityBaselineArgs))
        data, content = read.asset("data", "name a CSV file with a header")
        columns = csv_header(read, "data", content)
        binary = problem_type == "BinaryClassification"
        found = {
            "inference_attribute": read.text("inference_attribute", "prediction"),
            "probability_attribute": read.optional_text("probability_attribute", "probability" if binary else None),
            "ground_truth_attribute": read.text("ground_truth_attribute", "label"),
        }
        for key, column in found.items():
            if column is not None and column not in columns:
                raise ArgumentError(f"{read.name(key)} is {column!r}: the data have the columns {', '.join(columns)}")
        return cls(
            data=data,
            content=content,
            inference_attribute=str(found["inference_attribute"]),
            probability_attribute=found["probability_attribute"],
            ground_truth_attribute=str(found["ground_truth_attribute"]),
        )


def csv_header(read: Reader, key: str, content: bytes) -> list[str]:
    """The column names of a CSV; a file with a header only, or without one, is refused."""
    lines = content.split(b"\n", maxsplit=2)
    try:
        columns = [column.strip().strip('"') for column in lines[0].decode("utf-8-sig").split(",")]
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{read.name(key)} is not UTF-8 text: give a CSV file with a header") from error
    if len(lines) < 2 or not lines[1].strip():
        raise ArgumentError(f"{read.name(key)} has no row after its first line: give a CSV file with a header and rows")
    if not all(columns) or any(_is_number(column) for column in columns):
        raise ArgumentError(f"{read.name(key)} starts with {columns!r}: the first line must name the columns")
    return columns


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
