"""Grants of policies against uses: wildcards, resources, roles."""

from typing import Any

import pytest

from local_aws.privileges import Grant, grants, unused

DOCUMENT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:ListBucket"], "Resource": "arn:aws:s3:::b/in/*"},
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": ["arn:aws:sns:eu-west-1:1:a?", "arn:x"]},
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    ],
}


def use(action: str, resource: str, role: str = "r") -> dict[str, Any]:
    return {"role": role, "action": action, "resource": resource, "calls": 1}


def test_every_action_of_every_allow_is_a_grant() -> None:
    assert list(grants("r", [DOCUMENT])) == [
        Grant("r", "Read", "s3:Get*", ("arn:aws:s3:::b/in/*",)),
        Grant("r", "Read", "s3:ListBucket", ("arn:aws:s3:::b/in/*",)),
        Grant("r", "", "sns:Publish", ("arn:aws:sns:eu-west-1:1:a?", "arn:x")),
    ]


@pytest.mark.parametrize(
    ("grant", "done", "used"),
    [
        (Grant("r", "", "s3:Get*", ("arn:aws:s3:::b/in/*",)), use("s3:GetObject", "arn:aws:s3:::b/in/a/b"), True),
        (Grant("r", "", "S3:getobject", ("*",)), use("s3:GetObject", "arn:aws:s3:::b/in/a"), True),
        (Grant("r", "", "s3:GetObject", ("arn:aws:s3:::b/in/*",)), use("s3:GetObject", "arn:aws:s3:::b/out"), False),
        (Grant("r", "", "s3:GetObject", ("*",)), use("s3:GetObjectVersion", "arn:aws:s3:::b/in/a"), False),
        (Grant("r", "", "s3:GetObject", ("*",)), use("s3:GetObject", "arn:aws:s3:::b/in/a", role="other"), False),
        (Grant("r", "", "sns:Publish", ("arn:a?",)), use("sns:Publish", "arn:ab"), True),
        (Grant("r", "", "sns:Publish", ("arn:a.",)), use("sns:Publish", "arn:ab"), False),
    ],
)
def test_a_use_must_match_role_action_and_resource(grant: Grant, done: dict[str, Any], used: bool) -> None:
    assert unused([grant], [done]) == ([] if used else [grant])


def test_what_cannot_be_listed_is_refused() -> None:
    statement = {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}
    with pytest.raises(ValueError, match="role r: a statement allows by NotAction"):
        list(grants("r", [{"Statement": statement}]))
