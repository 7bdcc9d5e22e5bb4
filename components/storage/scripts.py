"""Small files that jobs read beside their data: scripts of the user's, and what Clarify's kinds are to look at."""

from collections.abc import Mapping
from typing import Any

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


def upload_analysis_config(
    document: Mapping[str, Any] | None,
    name: str,
    *,
    bucket_name: pulumi.Input[str],
    common: CommonSettings,
    parent: pulumi.Resource,
    holds_code: bool = False,
) -> pulumi.Output[str] | None:
    """Put an `analysis_config.json` into the bucket under its owner's name and its content, and return where it is. One
    that holds code lies beside the scripts.
    """
    if document is None:
        return None
    text = pulumi.Output.from_input(document).apply(naming.canonical_json)
    folder = f"{bucket_layout.MONITORING_SCRIPTS if holds_code else bucket_layout.BASELINE_DATA}/{name}"
    return content_object(
        f"{name}-analysis-config",
        bucket=bucket_name,
        # Beside the baselines: every job may read those.
        key=text.apply(lambda found: f"{folder}/{naming.content_hash(found)}/analysis_config.json"),
        content=text,
        content_type="application/json",
        tags=common.tags,
        parent=parent,
    )
