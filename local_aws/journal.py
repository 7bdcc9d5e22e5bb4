"""What is written down since the start for tests to ask for."""

from collections import Counter
from typing import Any

from local_aws import validation

# What reads, and what carries data instead of changing a resource.
_READS = ("Get", "List", "Describe", "Head", "Search", "Filter", "Simulate")
_DATA_SERVICES = ("s3", "sqs", "logs", "sts")
_DATA_OPERATIONS = ("PutMetricData", "PutEvents", "Publish", "Invoke")
_LONGEST_TEXT = 1_000


class Journal:
    """What is written down for tests to ask for."""

    def __init__(self) -> None:
        self.denied_calls: list[dict[str, str]] = []
        self.function_errors: list[dict[str, str]] = []
        self.invalid_requests: list[str] = []
        self.changes: list[dict[str, Any]] = []
        self.observed: Counter[str] = Counter()
        self.unread_requests: list[str] = []
        self._uses: Counter[tuple[str, str, str]] = Counter()

    def denied(self, principal: str, action: str, resource: str) -> None:
        """Write down that IAM refused a call."""
        self.denied_calls.append({"principal": principal, "action": action, "resource": resource})

    def function_failed(self, function: str, error: str) -> None:
        """Write down that an invocation of a function ended in an error."""
        self.function_errors.append({"function": function, "error": error[:_LONGEST_TEXT]})

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
        if service not in _DATA_SERVICES and not operation.startswith(_READS) and operation not in _DATA_OPERATIONS:
            self.changes.append({"operation": f"{service}.{operation}", "parameters": _brief(parameters)})
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


def _brief(value: Any) -> Any:
    """Parameters as JSON can have them: without files and long texts."""
    if isinstance(value, dict):
        return {name: _brief(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_brief(item) for item in value]
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    return value if value is None or isinstance(value, bool | int | float) else f"<{type(value).__name__}>"
