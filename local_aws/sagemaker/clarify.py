"""What stands for SageMaker Clarify's container in a monitoring execution.

Clarify's image cannot be pulled here; this project's monitor fulfils the same contract. What the real container asks
a shadow endpoint, the stand-in asks the archive of that endpoint's model, which is read under the model's own role, as
an endpoint would read it.
"""

import json
from collections.abc import Mapping
from typing import Any

from local_aws import clients, seams
from local_aws.identity import Identity
from local_aws.sagemaker.store import Scope, Store

CONFIG_FOLDER = "/opt/ml/processing/input/config"
MODEL_PATH = "/opt/ml/processing/input/model/model.tar.gz"


def config_input(app: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Where a definition's analysis_config.json is, and the variables that name it in the container."""
    uri = app.get("ConfigUri")
    return (uri, {"analysis_config": f"{CONFIG_FOLDER}/{uri.rpartition('/')[2]}"}) if uri else None


def model_archive(uri: str, s3: Any, *, scope: Scope, store: Store, identity: Identity) -> bytes | None:
    """The archive of the model that a configuration's predictor names; None where it names none."""
    bucket, key = clients.split_uri(uri)
    document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    name = (document.get("predictor") or {}).get("model_name")
    if not name:
        return None
    model = store.get(scope, "model", name)
    container = model.request.get("PrimaryContainer") or model.request["Containers"][0]
    session = identity.session(model.request["ExecutionRoleArn"], f"SageMaker-{name}")
    try:
        bucket, key = clients.split_uri(container["ModelDataUrl"])
        archive: bytes = clients.client("s3", session).get_object(Bucket=bucket, Key=key)["Body"].read()
        return archive
    finally:
        seams.close_role_session(session["AWS_ACCESS_KEY_ID"])
