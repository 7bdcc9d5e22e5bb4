"""What the policies of roles allow, held against what was used: pure, on policy documents.

A grant is one action pattern of one Allow statement, e.g. `s3:PutObject` on two prefixes of a bucket. It was used if
the role did something that its action and one of its resources match. Wildcards are IAM's: `*` any text, `?` any
character; actions are compared without case. Conditions are not looked at: a call that they refuse was never allowed.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Grant:
    """One action that a statement of a role's policy allows; `sid` is empty if the statement has none."""

    role: str
    sid: str
    action: str
    resources: tuple[str, ...]

    def matches(self, use: Mapping[str, Any]) -> bool:
        """Whether `use` ({"role", "action", "resource"}, as `LocalAws.used_actions` has them) is a use of it."""
        return (
            use["role"] == self.role
            and _pattern(self.action.lower()).fullmatch(use["action"].lower()) is not None
            and any(_pattern(resource).fullmatch(use["resource"]) for resource in self.resources)
        )


def grants(role: str, documents: Iterable[Mapping[str, Any]]) -> Iterator[Grant]:
    """What the policy documents of a role allow. ValueError for NotAction and NotResource, which cannot be listed."""
    for document in documents:
        for statement in _listed(document["Statement"]):
            if statement["Effect"] != "Allow":
                continue
            if "Action" not in statement or "Resource" not in statement:
                raise ValueError(f"role {role}: a statement allows by NotAction or NotResource; name what it allows")
            resources = tuple(_listed(statement["Resource"]))
            for action in _listed(statement["Action"]):
                yield Grant(role, statement.get("Sid", ""), action, resources)


def unused(granted: Iterable[Grant], uses: Iterable[Mapping[str, Any]]) -> list[Grant]:
    """The grants of which nothing was used, in their order."""
    seen = list(uses)
    return [grant for grant in granted if not any(grant.matches(use) for use in seen)]


def role_policies(iam: Any, role: str) -> list[dict[str, Any]]:
    """The documents of a role's inline and attached policies, asked with a boto3 client of IAM."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    return documents


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


@functools.cache
def _pattern(text: str) -> "re.Pattern[str]":
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
