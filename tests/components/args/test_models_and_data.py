"""The model's archive and the baselines' data: what they must be, and what is read from their columns."""

from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.args import ArgumentError, BaselineSettings, ModelQualityBaselineSettings, ModelQualitySettings
from tests.components.conftest import MakeArgs
from tests.components.refusals import refused


def test_a_model_must_be_a_tarball_that_is_there(tmp_path: Path, make_args: MakeArgs) -> None:
    absent = tmp_path / "model.tar.gz"
    message = refused(make_args, endpoint={"model": pulumi.FileAsset(str(absent))})
    assert message == f"endpoint.model is {absent}: No such file or directory; name the model.tar.gz"
    text = tmp_path / "model.json"
    text.write_text("{}", encoding="utf-8")
    message = refused(make_args, endpoint={"model": pulumi.FileAsset(str(text))})
    assert message == "endpoint.model is not gzip: SageMaker needs a model.tar.gz"
    assert refused(make_args, endpoint={"model": "model.tar.gz"}).startswith(
        "endpoint.model is 'model.tar.gz': must be"
    )
    remote = pulumi.RemoteAsset("https://example.com/model.tar.gz")
    assert "no content on this machine" in refused(make_args, endpoint={"model": remote})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is StringAsset: it is empty"),
        ("a,b\n", "has no row after its first line"),
        ("1,0.5\n0,0.2\n", "starts with ['1', '0.5']: the first line must name the columns"),
        ("a,,b\n1,2,3\n", "starts with ['a', '', 'b']: the first line must name the columns"),
    ],
)
def test_a_baseline_must_have_a_header_and_rows(make_args: MakeArgs, content: str, message: str) -> None:
    assert message in refused(make_args, baseline={"data": pulumi.StringAsset(content)})


def test_a_baseline_in_another_encoding(tmp_path: Path, make_args: MakeArgs) -> None:
    path = tmp_path / "baseline.csv"
    path.write_bytes("größe,b\n1,2\n".encode("latin-1"))
    message = refused(make_args, baseline={"data": pulumi.FileAsset(str(path))})
    assert message == "baseline.data is not UTF-8 text: give a CSV file with a header"


def test_a_header_with_byte_order_mark_and_quotes() -> None:
    content = '\ufeff"prediction","label"\r\n1,1\r\n'
    settings = ModelQualityBaselineSettings.from_args({"data": pulumi.StringAsset(content)}, "Regression")
    assert (settings.inference_attribute, settings.probability_attribute) == ("prediction", None)


@pytest.mark.parametrize(
    ("problem_type", "said", "expected"),
    [
        ("BinaryClassification", {}, ("0", "1", 0.5)),
        # A label without a probability has no ROC curve: position 1 may be anything.
        ("BinaryClassification", {"inference_attribute": "0"}, ("0", None, None)),
        # Model Monitor's own notebook of a binary model: the probability makes the prediction.
        ("BinaryClassification", {"probability_attribute": "0"}, (None, "0", 0.5)),
        (
            "BinaryClassification",
            {"inference_attribute": "label", "probability_attribute": "score"},
            ("label", "score", 0.5),
        ),
        ("Regression", {}, ("0", None, None)),
        ("MulticlassClassification", {"probability_attribute": "1"}, ("0", "1", 0.5)),
    ],
)
def test_what_an_answer_is_made_of(
    problem_type: str, said: dict[str, str], expected: tuple[str | None, str | None, float | None]
) -> None:
    args = cast(Any, {"problem_type": problem_type, **said})
    settings = ModelQualitySettings.from_args(args)
    assert (settings.inference_attribute, settings.probability_attribute, settings.probability_threshold) == expected


@pytest.mark.parametrize(
    ("header", "said", "expected"),
    [
        ("prediction,probability,label", {}, ("prediction", "probability")),
        ("probability,label", {"probability_attribute": "probability"}, (None, "probability")),
        ("prediction,label", {"inference_attribute": "prediction"}, ("prediction", None)),
    ],
)
def test_what_the_labelled_data_are_made_of(
    header: str, said: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    rows = ",".join("1" * len(header.split(",")))
    args = cast(Any, {"data": pulumi.StringAsset(f"{header}\n{rows}\n"), **said})
    settings = ModelQualityBaselineSettings.from_args(args, "BinaryClassification")
    assert (settings.inference_attribute, settings.probability_attribute) == expected


def test_columns_of_the_labelled_data_must_exist(labelled_csv: Path) -> None:
    data = pulumi.FileAsset(str(labelled_csv))
    with pytest.raises(ArgumentError) as caught:
        ModelQualityBaselineSettings.from_args({"data": data, "ground_truth_attribute": "y"}, "BinaryClassification")
    assert str(caught.value) == (
        "model_quality.baseline.ground_truth_attribute is 'y': the data have the columns prediction, probability, label"
    )


def test_baseline_keeps_the_bytes(baseline_csv: Path) -> None:
    settings = BaselineSettings.from_args({"data": pulumi.FileAsset(str(baseline_csv))})
    assert settings.content == baseline_csv.read_bytes()
    assert settings.columns == ("prediction", "probability", "age")
    assert (settings.job.instance_type, settings.job.volume_size_in_gb, settings.job.max_runtime_in_seconds) == (
        "ml.m5.xlarge",
        20,
        3600,
    )
