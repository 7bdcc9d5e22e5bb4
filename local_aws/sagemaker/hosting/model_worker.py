"""One model server process: the serving contract of SageMaker's scikit-learn container, over pipes.

Run by path as `python model_worker.py MODEL_DIRECTORY` by `endpoints`; standard library and numpy only. The contract is
that of the container's serving module: SAGEMAKER_PROGRAM names the user's module and SAGEMAKER_SUBMIT_DIRECTORY its
directory; `model_fn` has no default; `input_fn`, `predict_fn` and `output_fn` have the container's, or one
`transform_fn` replaces the three. A body arrives as text if its content type is exactly text/csv or application/json,
and as bytes otherwise. An answer that is a tuple is (body, mimetype); a text mimetype gets `; charset=utf-8`, and a
bare string is text/html, as Flask does.

Frames on standard input and on the descriptor that was standard output: the lengths of a JSON header and a body as two
big-endian unsigned integers of 4 bytes, the header, the body. The first frame out says whether the model was loaded.
"""

import gc
import importlib
import io
import json
import os
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

CSV, JSON, NPY = "text/csv", "application/json", "application/x-npy"
_TEXT = (CSV, JSON)


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame, or None at the end."""
    lengths = stream.read(8)
    if len(lengths) < 8:
        return None
    header_length, body_length = struct.unpack(">II", lengths)
    header = json.loads(stream.read(header_length))
    return header, stream.read(body_length)


def write_frame(stream: BinaryIO, header: dict[str, Any], body: bytes) -> None:
    """Write and flush one frame."""
    encoded = json.dumps(header).encode()
    stream.write(struct.pack(">II", len(encoded), len(body)) + encoded + body)
    stream.flush()


def default_model_fn(model_dir: str) -> Any:
    """The container has no default way to load a model."""
    raise NotImplementedError(
        "Please provide a model_fn implementation. See documentation for model_fn at https://sagemaker.readthedocs.io/"
    )


def default_input_fn(data: Any, content_type: str) -> Any:
    """CSV, JSON or NPY as an array; float32 for the first two."""
    import numpy as np  # noqa: PLC0415 - a model with its own input_fn need not wait for numpy

    if content_type == CSV:
        return np.genfromtxt(io.StringIO(data), dtype=np.float32, delimiter=",")
    if content_type == JSON:
        return np.array(json.loads(data)).astype(np.float32)
    if content_type == NPY:
        return np.load(io.BytesIO(data), allow_pickle=False)
    raise ValueError(f"Content type {content_type} is not supported by this framework.")


def default_predict_fn(data: Any, model: Any) -> Any:
    """The model's `predict`."""
    return model.predict(data)


def default_output_fn(prediction: Any, accept: str) -> tuple[Any, str]:
    """The prediction as JSON, CSV or NPY."""
    import numpy as np  # noqa: PLC0415

    if accept == JSON:
        return json.dumps(np.asarray(prediction).tolist()), accept
    stream = io.BytesIO()
    if accept == CSV:
        np.savetxt(stream, np.asarray(prediction), delimiter=",", fmt="%s")
        return stream.getvalue(), accept
    if accept == NPY:
        np.save(stream, prediction)
        return stream.getvalue(), accept
    raise ValueError(f"Content type {accept} is not supported by this framework.")


class Server:
    """The user's functions around a loaded model."""

    def __init__(self, model_dir: str) -> None:
        program = os.environ.get("SAGEMAKER_PROGRAM")
        if not program:
            raise RuntimeError(
                "the container's environment has no SAGEMAKER_PROGRAM; set it to the script, e.g. inference.py"
            )
        directory = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        if not os.path.isfile(os.path.join(directory, program)):
            raise RuntimeError(
                f"there is no {program} in SAGEMAKER_SUBMIT_DIRECTORY; put it into code/ of the model's tarball "
                "and set SAGEMAKER_SUBMIT_DIRECTORY=/opt/ml/model/code"
            )
        sys.path.insert(0, directory)
        module = importlib.import_module(os.path.splitext(program)[0])
        transform = getattr(module, "transform_fn", None)
        parts = [getattr(module, name, None) for name in ("input_fn", "predict_fn", "output_fn")]
        if transform and any(parts):
            raise RuntimeError("Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn")
        self._model = getattr(module, "model_fn", default_model_fn)(model_dir)
        self._transform: Callable[..., Any] = transform or self._three_steps(*parts)
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)

    @staticmethod
    def _three_steps(input_fn: Any, predict_fn: Any, output_fn: Any) -> Callable[..., Any]:
        read, predict, write = (
            input_fn or default_input_fn,
            predict_fn or default_predict_fn,
            output_fn or default_output_fn,
        )

        def transform(model: Any, data: Any, content_type: str, accept: str) -> Any:
            return write(predict(read(data, content_type), model), accept)

        return transform

    def answer(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """One invocation: status and content type, and the body."""
        content_type = header["content_type"] or JSON
        accept = header["accept"]
        accept = self._default_accept if accept in (None, "", "*/*") else accept
        try:
            data = body.decode() if content_type in _TEXT else body
            result = self._transform(self._model, data, content_type, accept)
            content, mimetype = result if isinstance(result, tuple) else (result, "text/html")
            encoded = content.encode() if isinstance(content, str) else bytes(content)
        except Exception as error:
            traceback.print_exc()
            return {"status": 500, "content_type": "text/plain"}, f"{type(error).__name__}: {error}".encode()
        text = mimetype.startswith("text/") and ";" not in mimetype
        return {"status": 200, "content_type": f"{mimetype}; charset=utf-8" if text else mimetype}, encoded


def main(model_dir: str) -> None:
    """Load the model, then answer until the input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what the user's code prints belongs to the log
    gc.disable()  # what a model's libraries make while they are imported stays: it is no place to look for garbage
    try:
        server = Server(model_dir)
    except BaseException as error:
        traceback.print_exc()
        write_frame(answers, {"status": 500}, f"{type(error).__name__}: {error}".encode())
        return
    gc.freeze()
    gc.enable()
    write_frame(answers, {"status": 200}, b"")
    while (frame := read_frame(requests)) is not None:
        write_frame(answers, *server.answer(*frame))


if __name__ == "__main__":
    main(sys.argv[1])
