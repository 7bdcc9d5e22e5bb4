"""What can go wrong while a program is applied or destroyed: one line each, that names the resource and the fix."""


class ApplyError(Exception):
    """A program, its settings or one of its resources cannot be applied; the message is one line."""


class SettingsError(ApplyError):
    """Pulumi.yaml, the stack's file or an override is wrong."""


class UnsupportedError(ApplyError):
    """A resource type, an input or a provider function that this package does not know how to carry out."""


class RequestError(ApplyError):
    """A request that AWS's own models refuse, or that the embedded AWS answered with an error.

    ``code`` is AWS's error code (``"InvalidRequest"`` if the request was refused before it was sent).
    """

    def __init__(self, service: str, operation: str, code: str, message: str) -> None:
        self.service, self.operation, self.code = service, operation, code
        super().__init__(f"{service} {operation}: {code}: {' '.join(message.split())}")


class DestroyError(ApplyError):
    """Something could not be deleted. The deployment still holds what is left, so ``destroy()`` can be tried again."""
