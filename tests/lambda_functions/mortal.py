"""Clients of an invocation that is killed at one of its calls, or during which something else happens."""

from collections.abc import Callable
from typing import Any


class Killed(BaseException):
    """The invocation is over: no call has an effect any more, whatever `finally` still tries."""


class Mortal:
    """Clients of an invocation that is killed at its n-th call, before that call has its effect or after it."""

    def __init__(self, calls: int | None, *, after: bool) -> None:
        self.left, self._after = calls, after

    def wrap(self, client: Any) -> Any:
        return _Wrapped(client, self)

    def call(self, function: Callable[..., Any], *args: Any, **request: Any) -> Any:
        if self.left is None:
            return function(*args, **request)
        self.left -= 1
        if self.left < 0 or (self.left == 0 and not self._after):
            raise Killed
        answer = function(*args, **request)
        if self.left == 0:
            raise Killed
        return answer


class Meanwhile(Mortal):
    """Clients of an invocation that lives on, while something else happens right before its n-th call."""

    def __init__(self, calls: int | None, happens: Callable[[], object]) -> None:
        super().__init__(calls, after=False)
        self._happens = happens

    def call(self, function: Callable[..., Any], *args: Any, **request: Any) -> Any:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self._happens()
        return function(*args, **request)


class _Wrapped:
    def __init__(self, client: Any, mortal: Mortal) -> None:
        self._client, self._mortal = client, mortal

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return lambda *args, **request: self._mortal.call(method, *args, **request)
