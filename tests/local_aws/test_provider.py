"""The providers for Pulumi's own engine, as far as they can be looked at without one."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pulumi.runtime import rpc

from local_aws.apply.errors import ApplyError, UnsupportedError
from local_aws.apply.reading import covers, from_api
from local_aws.apply.services import TYPES
from local_aws.apply.values import redacted, secret_texts
from local_aws.provider import operations, replacements, replacements_sources
from local_aws.provider.running import RunningCloud
from local_aws.provider.wire import comparable, handler_values, name_of, to_dict, to_struct, token_of

URN = "urn:pulumi:dev::project::pkg:index:Stack$aws:sns/topic:Topic::a::name"
TOPIC = "urn:pulumi:dev::project::aws:sns/topic:Topic::alarms"


def secret(value: Any) -> Any:
    return rpc.wrap_rpc_secret(value)


def test_the_table_is_what_its_sources_say() -> None:
    assert replacements.TABLE.read_text() == replacements_sources.text()


def test_every_type_that_is_carried_out_has_its_row() -> None:
    assert {token for token in TYPES if not _known(token)} == set()


def _known(token: str) -> bool:
    try:
        replacements.replaces(token, {"name"})
    except UnsupportedError:
        return False
    return True


def test_urns() -> None:
    assert (token_of(URN), name_of(URN)) == ("aws:sns/topic:Topic", "a::name")


def test_values_survive_the_way_to_the_engine_and_back() -> None:
    values = {"text": "é", "number": 3.5, "list": [1.0, {"a": None}], "secret": secret({"deep": "x"})}
    assert to_dict(to_struct(values)) == values


def test_files_of_a_program_are_found_from_where_it_is(tmp_path: Path) -> None:
    asset = {rpc._special_sig_key: rpc._special_asset_sig, "path": "data/file.txt", "hash": "1"}
    found = handler_values({"source": asset}, tmp_path)["source"]
    assert found.path == str(tmp_path / "data" / "file.txt")


def test_assets_are_compared_by_content_and_secrets_opened() -> None:
    first, second = ({rpc._special_sig_key: rpc._special_asset_sig, "path": path, "hash": "1"} for path in ("a", "b"))
    assert comparable({"source": first, "token": secret("x")}) == comparable({"source": second, "token": "x"})
    assert comparable({"source": first}) != comparable({"source": {**first, "hash": "2"}})


def test_the_longest_secret_is_taken_out_first() -> None:
    texts = secret_texts({"a": secret("key"), "b": [secret({"c": "key-of-mine"})], "d": "open"})
    assert texts == {"key", "key-of-mine"}
    assert redacted("key-of-mine and key and open", texts) == "[secret] and [secret] and open"


class TestNames:
    def test_a_name_that_was_given_once_stays(self) -> None:
        first = operations.check(TOPIC, {}, {}).inputs
        assert first["name"].startswith("alarms-")
        assert operations.check(TOPIC, first, {"displayName": "x"}).inputs["name"] == first["name"]
        assert operations.check(TOPIC, {}, {}).inputs["name"] != first["name"]

    def test_a_name_of_ones_own_is_deleted_before_its_successor_is_made(self) -> None:
        old = operations.check(TOPIC, {}, {"name": "mine", "fifoTopic": False}).inputs
        new = operations.check(TOPIC, old, {"name": "mine", "fifoTopic": True}).inputs
        found = operations.diff(TOPIC, None, {}, old, new)
        assert (found.replacing, found.delete_first) == (frozenset({"fifoTopic"}), True)
        given = operations.check(TOPIC, {}, {"fifoTopic": False}).inputs
        after = {**given, "fifoTopic": True}
        assert operations.diff(TOPIC, None, {}, given, after).delete_first is False

    def test_what_is_not_carried_out_is_refused(self) -> None:
        failures = operations.check(TOPIC, {}, {"archivePolicy": "{}"}).failures
        assert failures == [("archivePolicy", "is not carried out by the embedded AWS")]


@pytest.mark.parametrize(
    ("actual", "wanted", "same"),
    [
        ({"A": 1, "Default": 2}, {"A": 1}, True),
        ({"A": 1}, {"A": 2}, False),
        (["b", "a"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (None, [], True),
        (None, False, True),
        (None, True, False),
        ('{"a": 1}', '{"a":1}', True),
        ({"a": 1}, '{"a":1}', True),
        ("1", "1.0", False),
        (MappingProxyType({"A": 1}), {"A": 1}, True),
    ],
)
def test_what_aws_has_beyond_what_was_asked_for_is_no_difference(actual: Any, wanted: Any, same: bool) -> None:
    assert covers(actual, wanted) is same


def test_aws_values_are_told_as_a_program_writes_them() -> None:
    assert from_api({"VolumeSizeInGB": 5, "Tags": [{"Key": "a", "Value": "b"}]}, like={"tags": {}}) == {
        "volumeSizeInGb": 5,
        "tags": {"a": "b"},
    }


@pytest.mark.parametrize("url", ["", "https://sagemaker.us-east-1.amazonaws.com", "http://10.0.0.1:4566"])
def test_they_reach_no_other_aws(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    with pytest.raises(ApplyError, match="no embedded AWS on this machine"):
        RunningCloud()
