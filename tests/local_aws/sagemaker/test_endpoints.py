"""Endpoints answer with the deployed model, capture as AWS does, and survive their models."""

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.bench import CONTAINER, MODEL, Bench, wait_until


def test_the_model_answers_and_the_container_adds_its_charset(bench: Bench) -> None:
    endpoint = bench.endpoint()
    csv = bench.invoke(endpoint, "1,2,3")
    assert csv["Body"].read() == b"321.0"
    assert csv["ContentType"] == "text/csv; charset=utf-8"
    assert csv["InvokedProductionVariant"] == "Primary"
    anything = bench.runtime.invoke_endpoint(EndpointName=endpoint, Body="4,5,6", ContentType="text/csv")
    assert (anything["Body"].read(), anything["ContentType"]) == (b"654.0", "application/json")


def test_an_error_of_the_model_is_a_model_error(bench: Bench) -> None:
    endpoint = bench.endpoint()
    with pytest.raises(bench.runtime.exceptions.ModelError, match="ValueError: no such row") as raised:
        bench.invoke(endpoint, "raise")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert raised.value.response["OriginalStatusCode"] == 500


def test_a_model_that_dies_is_replaced_for_the_next_request(bench: Bench) -> None:
    endpoint = bench.endpoint()
    with pytest.raises(bench.runtime.exceptions.ModelError, match="died"):
        bench.invoke(endpoint, "die")
    assert bench.invoke(endpoint, "1,1,1")["Body"].read() == b"111.0"


def test_many_clients_get_their_own_answers(bench: Bench) -> None:
    endpoint = bench.endpoint()
    with ThreadPoolExecutor(8) as threads:
        bodies = list(threads.map(lambda n: bench.invoke(endpoint, f"{n},0,0")["Body"].read(), range(200)))
    assert bodies == [f"{float(n)!r}".encode() for n in range(200)]


@pytest.mark.parametrize(
    ("files", "environment", "reason"),
    [
        (
            {**MODEL, "code/inference.py": "def predict_fn(data, model): return 1"},
            CONTAINER,
            "Please provide a model_fn",
        ),
        ({"model.json": "[]"}, CONTAINER, "there is no inference.py in SAGEMAKER_SUBMIT_DIRECTORY"),
        (MODEL, {}, "has no SAGEMAKER_PROGRAM"),
        ({**MODEL, "code/inference.py": "import nonsense"}, CONTAINER, "No module named 'nonsense'"),
        (
            {**MODEL, "code/inference.py": "def transform_fn(*a): 0\ndef input_fn(*a): 0"},
            CONTAINER,
            "Cannot use transform_fn implementation with input_fn",
        ),
    ],
)
def test_a_container_that_cannot_start_fails_the_endpoint(
    bench: Bench, files: dict[str, str], environment: dict[str, str], reason: str
) -> None:
    config = bench.config(bench.model(files, environment))
    bench.sagemaker.create_endpoint(EndpointName=bench.name, EndpointConfigName=config)
    description = bench.settled(bench.name)
    assert description["EndpointStatus"] == "Failed"
    assert reason in description["FailureReason"]


def test_a_container_without_a_network_cannot_download_what_a_build_needs(bench: Bench) -> None:
    config = bench.config(bench.model(isolated=True))
    bench.sagemaker.create_endpoint(EndpointName=bench.name, EndpointConfigName=config)
    description = bench.settled(bench.name)
    assert description["EndpointStatus"] == "Failed"
    assert "InstallModuleError" in description["FailureReason"]


def test_an_endpoint_that_failed_can_only_be_deleted(bench: Bench) -> None:
    bench.sagemaker.create_endpoint(EndpointName=bench.name, EndpointConfigName=bench.config(bench.model({"a": ""})))
    assert bench.settled(bench.name)["EndpointStatus"] == "Failed"
    good = bench.config(bench.model())
    with pytest.raises(bench.sagemaker.exceptions.ClientError, match="DeleteEndpoint is all that can be done"):
        bench.sagemaker.update_endpoint(EndpointName=bench.name, EndpointConfigName=good)
    bench.sagemaker.delete_endpoint(EndpointName=bench.name)
    bench.sagemaker.create_endpoint(EndpointName=bench.name, EndpointConfigName=good)
    assert bench.settled(bench.name)["EndpointStatus"] == "InService"


def test_defaults_of_the_container_read_and_write_arrays(bench: Bench) -> None:
    source = """
class Sum:
    def predict(self, rows):
        return rows.reshape(-1, 2).sum(axis=1)

def model_fn(model_dir):
    return Sum()
"""
    endpoint = bench.endpoint(bench.config(bench.model({"code/inference.py": source})))
    assert bench.invoke(endpoint, "1,2\n3,4")["Body"].read() == b"3.0\n7.0\n"
    answer = bench.invoke(endpoint, "[[1, 2], [3, 5]]", ContentType="application/json", Accept="application/json")
    assert json.loads(answer["Body"].read()) == [3.0, 8.0]
    with pytest.raises(bench.runtime.exceptions.ModelError, match="image/png is not supported"):
        bench.invoke(endpoint, b"x", ContentType="image/png")


def test_a_bare_string_is_text_html_as_with_flask(bench: Bench) -> None:
    source = "def model_fn(d): return 0\ndef transform_fn(model, data, content_type, accept): return 'plain'\n"
    endpoint = bench.endpoint(bench.config(bench.model({"code/inference.py": source})))
    assert bench.invoke(endpoint, "1")["ContentType"] == "text/html; charset=utf-8"
    (record,) = bench.captured(endpoint)
    assert record["captureData"]["endpointOutput"]["encoding"] == "BASE64"


def test_an_update_changes_the_model_while_the_old_one_answers(bench: Bench) -> None:
    endpoint = bench.endpoint()
    config = bench.config(bench.model({**MODEL, "model.json": '{"weights": [2, 2, 2]}'}))
    bench.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    assert bench.invoke(endpoint, "1,1,1")["Body"].read() in (b"111.0", b"6.0")
    description = bench.settled(endpoint)
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("InService", config)
    assert bench.invoke(endpoint, "1,1,1")["Body"].read() == b"6.0"


def test_what_is_under_way_when_an_update_comes_is_answered(bench: Bench, tmp_path: Path) -> None:
    slow = f"""
import pathlib, threading
def model_fn(model_dir): return 0
def transform_fn(*_):
    pathlib.Path({str(tmp_path / "under-way")!r}).touch()
    threading.Event().wait()
"""
    endpoint = bench.endpoint(bench.config(bench.model({**MODEL, "code/inference.py": slow})))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(bench.invoke, endpoint, "1,1,1")
        wait_until((tmp_path / "under-way").exists)
        bench.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=bench.config(bench.model()))
        assert answer.result()["Body"].read() == b"111.0"
    assert bench.settled(endpoint)["EndpointStatus"] == "InService"


def test_a_failed_update_leaves_what_ran(bench: Bench) -> None:
    endpoint = bench.endpoint()
    before = bench.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    config = bench.config(bench.model({"model.json": "[]"}))
    bench.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    description = bench.settled(endpoint)
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("InService", before)
    assert "did not start" in description["FailureReason"]
    assert bench.invoke(endpoint, "1,1,1")["Body"].read() == b"111.0"


def test_two_variants_share_by_weight_or_are_named(bench: Bench) -> None:
    one, two = bench.model(), bench.model({**MODEL, "model.json": '{"weights": [2, 2, 2]}'})
    variants = [
        {
            "VariantName": name,
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": weight,
        }
        for name, model, weight in (("a", one, 3.0), ("b", two, 1.0))
    ]
    bench.sagemaker.create_endpoint_config(EndpointConfigName=bench.name, ProductionVariants=variants)
    endpoint = bench.endpoint(bench.name)
    seen = [bench.invoke(endpoint, "1,1,1")["InvokedProductionVariant"] for _ in range(8)]
    assert (seen.count("a"), seen.count("b")) == (6, 2)
    assert bench.invoke(endpoint, "1,1,1", TargetVariant="b")["Body"].read() == b"6.0"
    assert bench.captured(endpoint) == []  # no DataCaptureConfig


@pytest.mark.parametrize("path", ["/endpoints/x/invocations-response-stream", "/endpoints/x/async-invocations"])
def test_only_plain_invocations_are_served(bench: Bench, path: str) -> None:
    call = (
        bench.runtime.invoke_endpoint_async if "async" in path else bench.runtime.invoke_endpoint_with_response_stream
    )
    options = {"InputLocation": "s3://b/k"} if "async" in path else {"Body": b""}
    with pytest.raises(ClientError, match="only InvokeEndpoint is"):
        call(EndpointName="x", **options)


def test_a_missing_endpoint_is_a_validation_error(bench: Bench) -> None:
    with pytest.raises(
        bench.runtime.exceptions.ValidationError, match="Endpoint nowhere of account 123456789012 not found"
    ):
        bench.invoke("nowhere", "1")


# ------------------------------------------------------------------------------------------------ capture


def test_a_record_is_aws_s(bench: Bench) -> None:
    endpoint = bench.endpoint()
    before = bench.cloud.clock.now()
    bench.invoke(endpoint, "1,2,3", InferenceId="row-1", CustomAttributes="who=me")
    (record,) = bench.captured(endpoint)
    event = record["eventMetadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event.pop("eventId"))
    inferred = datetime.fromisoformat(event.pop("inferenceTime"))
    assert 0 <= (inferred - before.replace(microsecond=0)).total_seconds() < 30
    assert record == {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2,3", "encoding": "CSV"},
            "endpointOutput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "OUTPUT",
                "data": "321.0",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {"customAttributes": ["who=me"], "inferenceId": "row-1"},
        "eventVersion": "0",
    }
    (key,) = bench.keys("captured-data/")
    hour = inferred.strftime("%Y/%m/%d/%H")
    assert re.fullmatch(rf"captured-data/{endpoint}/Primary/{hour}/\d\d-\d\d-\d\d\d-[0-9a-f-]{{36}}\.jsonl", key)


def test_a_file_appears_by_itself_after_about_a_second(bench: Bench) -> None:
    endpoint = bench.endpoint()
    bench.invoke(endpoint, "1,2,3")
    wait_until(lambda: bench.keys("captured-data/"), 5)


@pytest.mark.parametrize(
    ("headers", "encodings"),
    [
        ({"CsvContentTypes": ["text/csv"]}, ("CSV", "BASE64")),
        ({"JsonContentTypes": ["application/json"]}, ("BASE64", "JSON")),
        ({"CsvContentTypes": ["TEXT/CSV"], "JsonContentTypes": ["application/json"]}, ("CSV", "JSON")),
    ],
)
def test_encodings_follow_the_listed_types(bench: Bench, headers: dict[str, Any], encodings: tuple[str, str]) -> None:
    endpoint = bench.endpoint(bench.config(bench.model(), CaptureContentTypeHeader=headers))
    bench.invoke(endpoint, "1,2,3", ContentType="text/csv", Accept="application/json")
    (record,) = bench.captured(endpoint)
    sides = [record["captureData"][side] for side in ("endpointInput", "endpointOutput")]
    assert tuple(side["encoding"] for side in sides) == encodings
    texts = [base64.b64decode(s["data"]).decode() if s["encoding"] == "BASE64" else s["data"] for s in sides]
    assert texts == ["1,2,3", "321.0"]


def test_one_side_only(bench: Bench) -> None:
    endpoint = bench.endpoint(bench.config(bench.model(), CaptureOptions=[{"CaptureMode": "Output"}]))
    bench.invoke(endpoint, "1,2,3")
    (record,) = bench.captured(endpoint)
    assert list(record["captureData"]) == ["endpointOutput"]


def test_a_sample_is_a_sample_and_failures_are_not_captured(bench: Bench) -> None:
    endpoint = bench.endpoint(bench.config(bench.model(), InitialSamplingPercentage=30))
    with pytest.raises(bench.runtime.exceptions.ModelError):
        bench.invoke(endpoint, "raise")
    for _ in range(200):
        bench.invoke(endpoint, "1,2,3")
    assert 30 <= len(bench.captured(endpoint)) <= 90


def test_invocations_are_metrics(bench: Bench) -> None:
    endpoint = bench.endpoint()
    for _ in range(3):
        bench.invoke(endpoint, "1,2,3")
    with pytest.raises(bench.runtime.exceptions.ModelError):
        bench.invoke(endpoint, "raise")
    now = bench.cloud.clock.advance(timedelta(0))
    cloudwatch = bench.cloud.client("cloudwatch")
    sums = {}
    for name in ("Invocations", "Invocation5XXErrors"):
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "Primary"}],
            StartTime=now.replace(minute=0),
            EndTime=now.replace(year=now.year + 1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        sums[name] = sum(point["Sum"] for point in points)
    assert sums == {"Invocations": 4.0, "Invocation5XXErrors": 1.0}
