"""Every link of a message leads to what it names: read back as the console reads it."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lambda_functions.functions import load

Console = load("alarm_responder").console_links.Console
REGIONS = ("eu-central-1", "cn-north-1", "us-gov-west-1")
# What names of alarms, log groups, jobs and keys may have in them, and more.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@given(st.sampled_from(REGIONS), NAMES)
def test_an_alarm(region: str, name: str) -> None:
    link = urlsplit(Console(region).alarm(name))
    assert parse_qs(link.query) == {"region": [region]}
    assert link.fragment.startswith("alarmsV2:alarm/")
    assert unquote(link.fragment.removeprefix("alarmsV2:alarm/")) == name


@given(st.sampled_from(REGIONS), NAMES)
def test_a_log_group(region: str, name: str) -> None:
    """Quoted twice, with a dollar in place of the second percent sign (CloudWatch's own links are so)."""
    fragment = urlsplit(Console(region).log_group(name)).fragment
    found = fragment.removeprefix("logsV2:log-groups/log-group/")
    assert "%" not in found
    assert unquote(unquote(found.replace("$", "%"))) == name


@given(st.sampled_from(REGIONS), NAMES)
def test_a_folder_in_s3(region: str, prefix: str) -> None:
    link = urlsplit(Console(region).s3_folder("churn-data", prefix))
    assert link.path == "/s3/buckets/churn-data"
    assert parse_qs(link.query) == {"region": [region], "prefix": [prefix]}
    assert link.fragment == ""


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_of_the_regions_partition(region: str, host: str) -> None:
    console = Console(region)
    links = (console.alarm("a"), console.log_group("/aws/x"), console.processing_job("j"), console.s3_folder("b", "p/"))
    assert {urlsplit(link).netloc for link in links} == {host}
    assert {urlsplit(link).scheme for link in links} == {"https"}
    assert urlsplit(console.processing_job("dq-1")).fragment == "/processing-jobs/dq-1"
