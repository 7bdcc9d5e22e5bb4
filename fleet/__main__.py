"""The Pulumi program of a fleet: stack configuration → ModelMonitoringFleet and FleetMember → stack outputs."""

import sys
from pathlib import Path
from typing import Any, cast

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the components lie beside this folder

from components import FleetMember, FleetMemberArgs, ModelMonitoringFleet, ModelMonitoringFleetArgs
from components.args import ArgumentError, Reader, argument_names


def main() -> None:
    """Declare what the stack's configuration says."""
    config = pulumi.Config()
    name = config.get("name") or "fleet"
    given = config.get_object("fleet") or {}
    Reader("fleet", given, argument_names(ModelMonitoringFleetArgs))
    fleet = ModelMonitoringFleet(name, cast(ModelMonitoringFleetArgs, given))
    outputs: dict[str, Any] = fleet.outputs()
    member = config.get_object("member")
    if member is not None:
        Reader("member", member, argument_names(FleetMemberArgs))
        if "external_id" in member:
            raise ArgumentError("member.external_id is a secret: pulumi config set --secret external_id ...")
        places: dict[str, Any] = {
            "bucket_name": fleet.tables.bucket_name,
            "database_name": fleet.database_name,
            "workgroup_name": fleet.workgroup_name,
        }
        secret = config.get_secret("external_id")
        args = {**member, **places, **({"external_id": secret} if secret is not None else {})}
        outputs["reader_role_arn"] = FleetMember(name, cast(FleetMemberArgs, args)).reader_role_arn
    for key, value in outputs.items():
        pulumi.export(key, value)


if __name__ == "__main__":
    main()
