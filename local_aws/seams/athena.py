"""Athena's place among the services: it is loaded when it is first asked for something.

What executes queries (`athena_queries`), DuckDB and an SQL parser with it, takes a sixth of the server's start.
"""

from importlib.util import find_spec
from typing import Any

import ministack.app as _app
import ministack.core.iam_actions as _iam_actions

from local_aws.seams.requests import json_object


def execute_athena_queries() -> None:
    """Let ministack's Athena execute queries. Raises ImportError where DuckDB is missing."""
    if find_spec("duckdb") is None:  # ministack would answer with a made-up row
        raise ImportError("Athena's queries need DuckDB: install duckdb")
    load = _app._get_module

    def get_module(name: str) -> Any:
        if name == "athena":
            from local_aws.seams import athena_queries  # noqa: PLC0415 - see above

            athena_queries.connect()
        return load(name)

    _app._get_module = get_module


def authorise_queries_on_workgroups() -> None:
    """Under IAM enforcement, authorise what names a query or an execution on the ARN of its workgroup, as AWS does.

    ministack reads the workgroup only where the request names it, and asks about `*` for everything else.
    """
    original = _iam_actions.extract_resource_arn

    def extract(  # noqa: PLR0917 - ministack's signature
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        parameters: dict[str, Any],
        region: str,
        account: str,
    ) -> str:
        found = str(original(service, method, path, headers, body, parameters, region, account))
        if service != "athena" or found != "*":
            return found
        from local_aws.seams.athena_queries import workgroups  # noqa: PLC0415 - see above

        names = workgroups(json_object(body), account, region)
        # One decision cannot be about several workgroups: only who may use all of them may ask for queries of several.
        return f"arn:aws:athena:{region}:{account}:workgroup/{names.pop()}" if len(names) == 1 else found

    _iam_actions.extract_resource_arn = extract
