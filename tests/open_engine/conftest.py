"""Stacks of the open engine on an embedded AWS with IAM enforced: deployed, lived in and destroyed once each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import local_aws
from examples.demo.mailbox import Mailbox
from local_aws.apply import deploy, inventory, load_settings
from local_aws.privileges import Grant, grants, role_policies, unused
from tests.open_engine.watched import Watched

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Books:
    """What is written down when a stack is gone."""

    denied: list[dict[str, str]]
    invalid: list[str]
    unused: list[Grant]
    left: dict[str, frozenset[str]]


@contextmanager
def lived(
    overrides: dict[str, Any],
    *,
    start: datetime,
    grace: timedelta,
    capture_delay: float = 0.0,
    breaks: tuple[str, ...] = (),
) -> Iterator[tuple[Watched, list[Books]]]:
    """The dev stack with `overrides`, from `start` on; when it is left, it is destroyed and the books are closed.

    No function ends in an error, not even in one that Lambda's retry hides, but those that a flow `breaks`.
    """
    books: list[Books] = []
    with local_aws.start(enforce_iam=True, at=start, capture_delay=capture_delay) as cloud:
        before = inventory(cloud)
        deployment = deploy(PROJECT / "__main__.py", load_settings(PROJECT, "dev", overrides), cloud)
        topics = [deployment.outputs["notification_topic_arn"], deployment.outputs["alarm_topic_arn"]]
        with Mailbox(cloud, topics) as mailbox:
            yield Watched(cloud, deployment, mailbox, grace), books
        iam = cloud.client("iam")
        roles = [item.outputs["name"] for item in deployment.resources if item.type == "aws:iam/role:Role"]
        granted = [grant for role in roles for grant in grants(role, role_policies(iam, role))]
        errors = cloud.function_errors()
        assert not [error for error in errors if not any(f"-{name}-" in error["function"] for name in breaks)], errors
        deployment.destroy()
        after = inventory(cloud)
        books.append(
            Books(
                cloud.denied_calls(),
                cloud.invalid_requests(),
                unused(granted, cloud.used_actions()),
                {
                    kind: names - before.get(kind, frozenset())
                    for kind, names in after.items()
                    if names != before.get(kind)
                },
            )
        )
