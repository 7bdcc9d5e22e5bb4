"""What the image's own framework package does between its server and the user's script.

That package, `sagemaker_sklearn_container`, is not on PyPI; everything before and behind it is. It imports the script
that the server has installed, hands its functions to the transformer, and is the WSGI application.
"""

import importlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from sagemaker_containers.beta.framework import env, transformer, worker  # type: ignore[import-not-found]


@cache
def application() -> Any:
    """The application around the user's script, loaded with the first request, as the image does it."""
    serving = env.ServingEnv()
    script = importlib.import_module(serving.module_name)
    functions = {name: getattr(script, name) for name in ("model_fn", "input_fn", "predict_fn", "output_fn")}
    served = transformer.Transformer(**functions)
    served.initialize()
    return worker.Worker(transform_fn=served.transform, module_name=serving.module_name)


def main(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request."""
    answer: Iterable[bytes] = application()(environ, start_response)
    return answer
