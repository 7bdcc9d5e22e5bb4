"""The child process that answers for a model: SageMaker's inference.py contract over a pipe, without network or rights.

It is started by `model_process.ModelProcess` as a script of its own in an empty environment, and takes nothing of
drift_tools: what a model's archive brings along must not meet the monitor's own modules.

The contract is that of AWS's scikit-learn container (aws/sagemaker-scikit-learn-container, serving.py): `model_fn` is
required; `input_fn`, `predict_fn` and `output_fn` have defaults; `transform_fn` takes the place of all three.

Messages in both directions are a line of JSON with `length`, and so many bytes behind it.
"""

import contextlib
import ctypes
import importlib.util
import io
import json
import os
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
# What a model that only answers never does. An audit hook cannot be removed again, by nobody.
_FORBIDDEN = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "subprocess.Popen",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
)


def confine() -> None:
    """Take the network and other programs away: from the kernel where it allows that, from Python in any case."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Not every kernel lets a process without rights have namespaces of its own; then the audit hook is what there is.
    ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER | _NEW_NETWORK)

    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in _FORBIDDEN:
            raise PermissionError(f"{event}: a model that is explained has neither network nor other programs")

    sys.addaudithook(refuse)


class Model:
    """A model and the functions that its inference script has for it."""

    def __init__(self, folder: Path, program: str, content_type: str, accept: str) -> None:
        self._content_type, self._accept = content_type, accept
        script = _script(folder, program)
        sys.path.insert(0, str(script.parent))
        spec = importlib.util.spec_from_file_location("inference", script)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(f"{script} is no Python module")
        self._script = importlib.util.module_from_spec(spec)
        sys.modules["inference"] = self._script
        spec.loader.exec_module(self._script)
        model_fn = getattr(self._script, "model_fn", None)
        if model_fn is None:
            raise AttributeError(f"{program} has no model_fn(model_dir): the container has no default for it either")
        self._model = model_fn(str(folder))

    def answer(self, body: bytes) -> tuple[bytes, str]:
        """What the endpoint would answer to this body, and its content type."""
        data: Any = body.decode() if self._content_type.startswith("text/") or "json" in self._content_type else body
        transform = getattr(self._script, "transform_fn", None)
        if transform is not None:
            return _response(transform(self._model, data, self._content_type, self._accept), self._accept)
        rows = self._function("input_fn", _read)(data, self._content_type)
        predictions = self._function("predict_fn", lambda data, model: model.predict(data))(rows, self._model)
        return _response(self._function("output_fn", _write)(predictions, self._accept), self._accept)

    def _function(self, name: str, default: Callable[..., Any]) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self._script, name, default)
        return found


def _script(folder: Path, program: str) -> Path:
    for place in (folder / "code" / program, folder / program):
        if place.is_file():
            return place
    raise FileNotFoundError(f"the model's archive has neither code/{program} nor {program}")


def _read(data: Any, content_type: str) -> Any:
    """The container's default `input_fn`."""
    import numpy as np  # noqa: PLC0415 - a script of its own may need none

    if content_type.startswith("text/csv"):
        return np.genfromtxt(io.StringIO(data), dtype=np.float32, delimiter=",", ndmin=2)
    if content_type.startswith("application/json"):
        return np.array(json.loads(data))
    raise ValueError(f"{content_type} has no default: the script needs an input_fn")


def _write(predictions: Any, accept: str) -> Any:
    """The container's default `output_fn`."""
    import numpy as np  # noqa: PLC0415 - a script of its own may need none

    table = np.asarray(predictions)
    if accept.startswith("text/csv"):
        lines = (",".join(map(str, np.atleast_1d(row).tolist())) for row in table)
        return "\n".join(lines) + "\n"
    return json.dumps(table.tolist())


def _response(result: Any, accept: str) -> tuple[bytes, str]:
    body, content_type = result if isinstance(result, tuple) else (result, accept)
    return (body if isinstance(body, bytes) else str(body).encode()), str(content_type)


def _send(pipe: io.BufferedWriter, header: dict[str, Any], body: bytes = b"") -> None:
    pipe.write(json.dumps({**header, "length": len(body)}).encode() + b"\n" + body)
    pipe.flush()


def main(folder: str, program: str, content_type: str, accept: str) -> int:
    """Answer until the other side closes the pipe."""
    # What a script prints must not end up among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    confine()
    try:
        model = Model(Path(folder), program, content_type, accept)
    except Exception as error:
        traceback.print_exc()
        _send(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    _send(answers, {"ready": True})
    while header := sys.stdin.buffer.readline():
        body = sys.stdin.buffer.read(json.loads(header)["length"])
        try:
            answer, answered_as = model.answer(body)
        except Exception as error:
            traceback.print_exc()
            _send(answers, {"error": f"{type(error).__name__}: {error}"})
        else:
            _send(answers, {"content_type": answered_as}, answer)
    return 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):  # the other side is gone: nobody is left to tell
        sys.exit(main(*sys.argv[1:]))
