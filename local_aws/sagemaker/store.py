"""What was asked for: the documents of one account and region, by kind and name."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.sagemaker.errors import AwsError, not_found


@dataclass(frozen=True)
class Scope:
    """An account and a region: what the names of resources are unique in."""

    account_id: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a SageMaker resource; SageMaker writes names in lower case there."""
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{kind}/{name.lower()}"


@dataclass
class Document:
    """A resource: the request that created it and what has become of it since."""

    scope: Scope
    kind: str
    name: str
    request: dict[str, Any]
    created: datetime
    modified: datetime
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The resource's ARN."""
        return self.scope.arn(self.kind, self.name)

    @property
    def tags(self) -> list[dict[str, str]]:
        """The resource's tags, in order of creation."""
        tags: list[dict[str, str]] = self.request.setdefault("Tags", [])
        return tags


class Store:
    """All documents of all accounts and regions. Hold `lock` around check-then-act."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._documents: dict[tuple[Scope, str, str], Document] = {}

    def add(self, document: Document) -> None:
        """Keep a new document."""
        with self.lock:
            self._documents[document.scope, document.kind, document.name] = document

    def find(self, scope: Scope, kind: str, name: str) -> Document | None:
        """A document by name, or None."""
        return self._documents.get((scope, kind, name))

    def get(self, scope: Scope, kind: str, name: str, error: Callable[[str], AwsError] = not_found) -> Document:
        """A document by name; raises `error` if there is none (older operations answer ValidationException)."""
        found = self.find(scope, kind, name)
        if found is None:
            raise error(f'Could not find {kind.replace("-", " ")} "{scope.arn(kind, name)}".')
        return found

    def all(self, scope: Scope | None, kind: str) -> Iterator[Document]:
        """The documents of a kind, in order of creation; of every scope if None."""
        with self.lock:
            documents = list(self._documents.values())
        return (d for d in documents if d.kind == kind and scope in (None, d.scope))

    def remove(self, document: Document) -> None:
        """Forget a document."""
        with self.lock:
            self._documents.pop((document.scope, document.kind, document.name), None)
