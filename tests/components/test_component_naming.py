import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import naming
from contract import metrics
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY


def test_uris_never_end_in_a_slash() -> None:
    assert naming.s3_uri("b") == "s3://b"
    assert naming.s3_uri("b", "captured-data") == "s3://b/captured-data"
    assert naming.s3_uri("b", "/a/", "c/") == "s3://b/a/c"


def test_content_hash_is_sha256_of_lengths_and_parts() -> None:
    # hashlib.sha256(b"\\0\\0\\0\\0\\0\\0\\0\\3abc").hexdigest()[:12]
    assert naming.content_hash("abc") == naming.content_hash(b"abc") == "c3494ca1a2cf"


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_content_hash_tells_parts_apart(left: list[str], right: list[str]) -> None:
    assert (naming.content_hash(*left) == naming.content_hash(*right)) == (left == right)


def test_names_that_follow_the_endpoint() -> None:
    assert naming.schedule_name("churn-endpoint-1a2b3c4", DATA_QUALITY) == "churn-endpoint-1a2b3c4-data-quality"
    assert naming.dashboard_name("churn-endpoint-1a2b3c4", "eu-west-1") == "churn-endpoint-1a2b3c4-monitoring-eu-west-1"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_console_of_a_region(region: str, host: str) -> None:
    url = naming.dashboard_url(region, "d")
    assert url == f"https://{host}/cloudwatch/home?region={region}#dashboards/dashboard/d"


def test_longest_name() -> None:
    endpoint = f"{'c' * naming.MAX_COMPONENT_NAME}-endpoint-1a2b3c4"
    assert len(naming.schedule_name(endpoint, MODEL_QUALITY)) == 63
    assert naming.MAX_COMPONENT_NAME == 32


def test_namespace() -> None:
    assert metrics.stack_namespace("churn") == "ModelMonitoring/churn"


@pytest.mark.parametrize("name", ["churn", "a", "a1-b2"])
def test_good_names(name: str) -> None:
    assert naming.component_name_problem(name) is None
