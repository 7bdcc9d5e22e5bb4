"""Scripts of the user's that run inside of jobs."""

import pulumi

from components import naming
from components.args import CommonSettings, Script
from components.storage.bucket import content_object
from contract import bucket_layout


def upload_script(
    script: Script | None,
    name: str,
    *,
    bucket_name: pulumi.Input[str],
    common: CommonSettings,
    parent: pulumi.Resource,
) -> pulumi.Output[str] | None:
    """Put a script into the bucket under its owner's name and its content, and return where it is.

    Two monitors with the same script have an object each: removing one monitor must not take the other's script away.
    """
    if script is None:
        return None
    return content_object(
        f"{name}-preprocessor",
        bucket=bucket_name,
        key=f"{bucket_layout.MONITORING_SCRIPTS}/{name}/{naming.content_hash(script.content)}/record_preprocessor.py",
        source=script.asset,
        tags=common.tags,
        parent=parent,
    )
