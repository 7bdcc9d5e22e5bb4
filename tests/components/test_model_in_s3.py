"""A model that lies in S3 already: it is read where it is, and another file there is another model."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.args import ArgumentError, EndpointSettings
from tests.components.mocked_runtime import Run

URI = "s3://models/churn/model.tar.gz"


@pytest.fixture(scope="module")
def where_it_lies(run_stack: Callable[..., Run]) -> Run:
    return run_stack(endpoint={"model_uri": URI})


def container(run: Run) -> dict[str, Any]:
    return dict(run.one("aws:sagemaker/model:Model").inputs["primaryContainer"])


def test_it_is_served_from_where_it_lies_and_its_etag_makes_the_model(where_it_lies: Run) -> None:
    assert container(where_it_lies)["modelDataUrl"] == URI
    assert container(where_it_lies)["environment"]["MODEL_DATA_VERSION"] == "etag of models/churn/model.tar.gz"
    keys = [str(item.inputs["key"]) for item in where_it_lies.of_type("aws:s3/bucketObjectv2:BucketObjectv2")]
    assert not [key for key in keys if key.endswith("model.tar.gz")], "nothing is uploaded"


def test_a_version_of_ones_own_is_not_looked_up(run_stack: Callable[..., Run]) -> None:
    run = run_stack(endpoint={"model_uri": URI, "model_version": "sha256:12ab"})
    assert container(run)["environment"]["MODEL_DATA_VERSION"] == "sha256:12ab"
    assert "aws:s3/getObject:getObject" not in {call.token for call in run.calls}


def test_the_models_role_may_read_this_one_file(where_it_lies: Run) -> None:
    policy = where_it_lies.one("aws:iam/rolePolicy:RolePolicy", "-model-role-policy")
    statements = {item["Sid"]: item for item in json.loads(policy.inputs["policy"])["Statement"]}
    assert statements["ReadModel"]["Action"] == ["s3:GetObject"]
    assert statements["ReadModel"]["Resource"] == ["arn:aws:s3:::models/churn/model.tar.gz"]
    assert "ReadObjects" not in statements


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"model_uri": "s3://models/"}, "endpoint.model_uri is 's3://models/': must be a model.tar.gz in S3"),
        (
            {"model_uri": URI, "model": pulumi.StringAsset("x")},
            "endpoint.model is given with endpoint.model_uri: remove",
        ),
        ({"model_version": "1"}, "endpoint.model_version is given without endpoint.model_uri: remove it, or give both"),
    ],
)
def test_refusals(args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        EndpointSettings.from_args(args)
    assert str(caught.value).startswith(message)
