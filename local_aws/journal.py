"""What is written down since the start for tests to ask for."""

from collections import Counter
from typing import Any

from local_aws import validation


class Journal:
    """What is written down for tests to ask for."""

    def __init__(self) -> None:
        self.denied_calls: list[dict[str, str]] = []
        self.invalid_requests: list[str] = []
        self.observed: Counter[str] = Counter()
        self.unread_requests: list[str] = []
        self._uses: Counter[tuple[str, str, str]] = Counter()

    def denied(self, principal: str, action: str, resource: str) -> None:
        """Write down that IAM refused a call."""
        self.denied_calls.append({"principal": principal, "action": action, "resource": resource})

    def used(self, principal: str, action: str, resource: str) -> None:
        """Write down that a role's policies allowed a call."""
        role = principal.split(":")[5].split("/")[1]  # arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
        self._uses[role, action, resource] += 1

    @property
    def used_actions(self) -> list[dict[str, Any]]:
        """What roles were allowed, and how often."""
        uses = self._uses.copy()
        return [
            {"role": role, "action": action, "resource": resource, "calls": calls}
            for (role, action, resource), calls in sorted(uses.items())
        ]

    def observe(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        """Write down what the service's model refuses in a request, and that it was looked at."""
        self.observed[f"{service}.{operation}"] += 1
        model = validation.service_model(service)
        if operation not in model.operation_names:
            self.invalid_requests.append(f"{service}: there is no operation {operation!r}")
            return
        shape = model.operation_model(operation).input_shape
        for problem in validation.problems(shape, parameters) if shape else []:
            self.invalid_requests.append(f"{service}.{operation}: {problem}")

    def unread(self, service: str, method: str, path: str) -> None:
        """Write down a request that no model could be held against."""
        self.unread_requests.append(f"{service}: {method} {path}")
