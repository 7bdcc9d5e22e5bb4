"""What functions share: log lines, and objects that other invocations write meanwhile."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.common.json_logging import log
from functions.common.s3_objects import UnreadableError, get_or_none
from tests.lambda_functions.fakes import FakeS3


def test_a_field_of_the_line_s_own_name_stands_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    log("INFO", "done", message="of a job", level=3, name="j")
    line = json.loads(capsys.readouterr().out)
    assert line.pop("timestamp")
    assert line == {"level": "INFO", "message": "done", "message_": "of a job", "level_": 3, "name": "j"}


class Meanwhile:
    """S3, in which an object appears between a GetObject and the listing after it."""

    def __init__(self, code: str, *, for_good: bool) -> None:
        self.code, self.asked, self.for_good = code, 0, for_good

    def get_object(self, **_request: Any) -> dict[str, Any]:
        self.asked += 1
        if self.asked == 1 or self.for_good:
            raise ClientError({"Error": {"Code": self.code}}, "GetObject")
        return {"ETag": "new", "Body": io.BytesIO(b"written meanwhile")}

    def list_objects_v2(self, **_request: Any) -> dict[str, Any]:
        return {
            "Contents": [{"Key": "state/a.json", "Size": 17, "ETag": "new", "LastModified": datetime.now(UTC)}],
            "IsTruncated": False,
        }


# A role whose ListBucket is limited by prefix gets 403 for what is missing.
@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_what_another_invocation_has_just_written_is_read(code: str) -> None:
    found = get_or_none(Meanwhile(code, for_good=False), "churn-data", "state/a.json", max_bytes=100)
    assert found == ("new", b"written meanwhile")


def test_what_is_forbidden_is_said_after_two_tries() -> None:
    s3 = Meanwhile("AccessDenied", for_good=True)
    with pytest.raises(UnreadableError, match=r"s3://churn-data/state/a\.json cannot be read \(AccessDenied\)"):
        get_or_none(s3, "churn-data", "state/a.json", max_bytes=100)
    assert s3.asked == 2


def test_what_is_missing_is_asked_for_once(s3: FakeS3) -> None:
    assert get_or_none(s3, "churn-data", "state/a.json", max_bytes=100) is None
    assert len(s3.requests("GetObject")) == 1
