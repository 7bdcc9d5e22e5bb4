"""The child process that answers for a model: SageMaker's inference.py contract over a pipe, without network or rights.

It is started by `model_process.ModelProcess` as a script of its own in an empty environment, and takes nothing of
drift_tools: what a model's archive brings along must not meet the monitor's own modules.

The contract is that of AWS's scikit-learn container (aws/sagemaker-scikit-learn-container, serving.py): `model_fn` is
required; `input_fn`, `predict_fn` and `output_fn` have defaults; `transform_fn` takes the place of all three.

Messages in both directions are a line of JSON with `length`, and so many bytes behind it. A message with `inside` asks
for what the last estimator is and what reaches it (`Estimators`): numbers in NumPy's own format, of which nothing is
run on the other side.
"""

import contextlib
import ctypes
import gc
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
        self._estimators: Estimators | None = None

    def inside(self, body: bytes) -> dict[str, Any]:
        """What the last estimator is, and what reaches it of this body; `CannotError` where there is no telling."""
        if self._estimators is None:
            self._estimators = Estimators(self._model)
        return self._estimators.inside(lambda: self.answer(body))

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


_IDENTITY = frozenset(
    {
        *("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "LassoLars", "Lars"),
        *("ElasticNet", "ElasticNetCV", "BayesianRidge", "HuberRegressor", "SGDRegressor", "LinearSVR"),
    }
)
_LOGISTIC = frozenset({"LogisticRegression", "LogisticRegressionCV"})
_TREES = frozenset({"DecisionTreeRegressor", "DecisionTreeClassifier", "ExtraTreeRegressor", "ExtraTreeClassifier"})
_FORESTS = frozenset({"RandomForestRegressor", "RandomForestClassifier", "ExtraTreesRegressor", "ExtraTreesClassifier"})
_BOOSTED = frozenset({"GradientBoostingRegressor", "GradientBoostingClassifier"})
_HISTOGRAM = frozenset({"HistGradientBoostingRegressor", "HistGradientBoostingClassifier"})
_DEEPEST = 9  # an estimator lies in a pipeline, in a tuple, in an object of the script's own
_MOST_INSIDE = 1000  # of a list that may hold estimators; longer ones hold data


class CannotError(Exception):
    """Why a model has no exact values, in half a sentence."""


class Estimators:
    """scikit-learn's estimators in what `model_fn` returned: which one answers, and what reaches it then."""

    def __init__(self, model: Any) -> None:
        self._seen: list[tuple[Any, Any]] = []
        for estimator in _estimators(model, 0, set()):
            for method in ("predict", "predict_proba", "decision_function"):
                if hasattr(estimator, method):
                    self._watch(estimator, method)

    def _watch(self, estimator: Any, method: str) -> None:
        own = getattr(estimator, method)

        def watched(rows: Any, *arguments: Any, **named: Any) -> Any:
            self._seen.append((estimator, rows))
            return own(rows, *arguments, **named)

        with contextlib.suppress(AttributeError):  # one with slots: nothing is seen of it
            setattr(estimator, method, watched)

    def inside(self, answer: Callable[[], Any]) -> dict[str, Any]:
        """The estimator that one answer comes from, as arrays, and the rows that reached it (`rows`)."""
        import numpy as np  # noqa: PLC0415 - there are estimators

        del self._seen[:]
        answer()
        asked = {id(estimator) for estimator, _ in self._seen}
        if len(asked) != 1:
            raise CannotError(
                f"{len(asked)} estimators of scikit-learn answer" if asked else "no known estimator answers"
            )
        estimator, rows = self._seen[0]
        rows = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)
        if rows.ndim != 2 or rows.dtype.kind not in "fiub":
            raise CannotError("its last estimator takes no table of numbers")
        return {**_structure(estimator), "rows": rows.astype(np.float64)}


def _estimators(found: Any, depth: int, known: set[int]) -> Any:
    """Find the estimators that are last in their pipelines; what a forest is made of is no estimator of its own."""
    if id(found) in known or depth > _DEEPEST:
        return
    known.add(id(found))
    name = type(found).__name__
    if name in _IDENTITY | _LOGISTIC | _TREES | _FORESTS | _BOOSTED | _HISTOGRAM:
        yield found
        return
    inside: list[Any] = []
    if isinstance(found, dict | list | tuple) and len(found) <= _MOST_INSIDE:
        inside = list(found.values() if isinstance(found, dict) else found)
    for one in [*inside, *getattr(found, "__dict__", {}).values()]:
        if not isinstance(one, str | bytes | int | float | type(None)):
            yield from _estimators(one, depth + 1, known)


def _structure(estimator: Any) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - as above

    name = type(estimator).__name__
    classes = len(getattr(estimator, "classes_", ()))
    if classes > 2 and name in _LOGISTIC | _BOOSTED | _HISTOGRAM:
        raise CannotError(f"a {name} of {classes} classes shares its scores out among them")
    is_logistic = name in _LOGISTIC or (classes == 2 and name in _BOOSTED | _HISTOGRAM)
    about: dict[str, Any] = {"name": np.array(name), "logit": np.array(is_logistic)}
    if name in _IDENTITY | _LOGISTIC:
        coefficients = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
        return {**about, "coefficients": coefficients}
    single = name not in _HISTOGRAM  # scikit-learn's own trees compare in single precision
    if name in _HISTOGRAM:
        trees = [_histogram_tree(one.nodes) for row in estimator._predictors for one in row]
    elif name in _TREES:
        trees = [_tree(estimator.tree_, 1.0)]
    elif name in _FORESTS:
        trees = [_tree(one.tree_, 1 / len(estimator.estimators_)) for one in estimator.estimators_]
    else:
        trees = [_tree(one.tree_, estimator.learning_rate) for row in estimator.estimators_ for one in row]
    starts = np.cumsum([0, *(len(tree["feature"]) for tree in trees)])
    joined = {key: np.concatenate([tree[key] for tree in trees]) for key in trees[0]}
    return {**about, "single": np.array(single), "starts": starts, **joined}


def _tree(tree: Any, factor: float) -> dict[str, Any]:
    if tree.value.shape[1] != 1:
        raise CannotError("its trees have several answers each")
    return {
        "left": tree.children_left,
        "right": tree.children_right,
        "feature": tree.feature,
        "threshold": tree.threshold,
        "value": tree.value[:, 0, :] * factor,
    }


def _histogram_tree(nodes: Any) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - as above

    if nodes["is_categorical"].any():
        raise CannotError("its trees cut categories")
    leaf = nodes["is_leaf"].astype(bool)
    return {
        "left": np.where(leaf, -1, nodes["left"].astype(np.int64)),
        "right": np.where(leaf, -1, nodes["right"].astype(np.int64)),
        "feature": nodes["feature_idx"].astype(np.int64),
        "threshold": nodes["num_threshold"].astype(np.float64),
        "value": nodes["value"].astype(np.float64)[:, None],
    }


def _arrays(found: dict[str, Any]) -> bytes:
    import numpy as np  # noqa: PLC0415 - as above

    body = io.BytesIO()
    np.savez(body, **found)
    return body.getvalue()


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
    gc.disable()  # what a model's libraries make while they are imported stays: it is no place to look for garbage
    try:
        model = Model(Path(folder), program, content_type, accept)
    except Exception as error:
        traceback.print_exc()
        _send(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    gc.freeze()
    gc.enable()
    _send(answers, {"ready": True})
    while line := sys.stdin.buffer.readline():
        header = json.loads(line)
        body = sys.stdin.buffer.read(header["length"])
        try:
            if header.get("inside"):
                answer, answered_as = _arrays(model.inside(body)), "application/x-npz"
            else:
                answer, answered_as = model.answer(body)
        except CannotError as error:
            _send(answers, {"cannot": str(error)})
        except Exception as error:
            traceback.print_exc()
            _send(answers, {"error": f"{type(error).__name__}: {error}"})
        else:
            _send(answers, {"content_type": answered_as}, answer)
    return 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):  # the other side is gone: nobody is left to tell
        sys.exit(main(*sys.argv[1:]))
