"""Errors that SageMaker answers."""

import json


class AwsError(Exception):
    """An error of the JSON 1.1 protocol: a code that botocore maps to an exception class, a message, a status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def response(self) -> tuple[int, dict[str, str], bytes]:
        """The HTTP response."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": self.code}
        return self.status, headers, json.dumps({"__type": self.code, "message": self.message}).encode()


def invalid(message: str) -> AwsError:
    """A request that SageMaker refuses as ValidationException."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    """A modelled ResourceNotFound."""
    return AwsError("ResourceNotFound", message)


def in_use(message: str) -> AwsError:
    """A modelled ResourceInUse."""
    return AwsError("ResourceInUse", message)
