"""The Pulumi program of a fleet: stack configuration → ModelMonitoringFleet and FleetMember → stack outputs."""

import sys
from pathlib import Path
from typing import Any, Final, cast

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the components lie beside this folder

from components import FleetMember, FleetMemberArgs, ModelMonitoringFleet, ModelMonitoringFleetArgs
from components.args import ArgumentError, Reader, argument_names
from components.configuration import check_configuration_keys, check_key_regions, check_native_region
from components.fleet import FleetMemberSettings


KEYS: Final = ("name", "fleet", "member", "external_id")
# Of a member's arguments: those that the program knows better.
PLACES: Final = ("bucket_name", "database_name", "workgroup_name")


def main() -> None:
    """Declare what the stack's configuration says."""
    config = pulumi.Config()
    check_configuration_keys(config.name, KEYS)
    name = config.get("name") or "fleet"
    given, member = _group(config, "fleet", ModelMonitoringFleetArgs) or {}, _group(config, "member", FleetMemberArgs)
    secret = config.get_secret("external_id")
    _check_member(member, secret)
    keys = {
        f"{path}.kms_key_arn": group.get("kms_key_arn") for path, group in (("fleet", given), ("member", member or {}))
    }
    for part in ("tables", "center"):
        group = given.get(part)
        keys[f"fleet.{part}.kms_key_arn"] = group.get("kms_key_arn") if isinstance(group, dict) else None
    check_key_regions(keys)
    if given.get("quicksight") is not None:
        check_native_region("fleet.quicksight")
    fleet = ModelMonitoringFleet(name, cast(ModelMonitoringFleetArgs, given))
    outputs: dict[str, Any] = fleet.outputs()
    if member is not None:
        places: dict[str, Any] = {
            "bucket_name": fleet.tables.bucket_name,
            "database_name": fleet.database_name,
            "workgroup_name": fleet.workgroup_name,
        }
        args = {**member, **places, **({"external_id": secret} if secret is not None else {})}
        outputs["reader_role_arn"] = FleetMember(name, cast(FleetMemberArgs, args)).reader_role_arn
    for key, value in outputs.items():
        pulumi.export(key, value)


def _group(config: pulumi.Config, key: str, arguments: type) -> dict[str, Any] | None:
    """An object of the configuration; None if it is not set."""
    found = config.get_object(key)
    if found is not None:
        Reader(key, cast(Any, found), argument_names(arguments))
    return cast(dict[str, Any] | None, found)


def _check_member(member: dict[str, Any] | None, secret: Any) -> None:
    """Before the fleet is there, too. Raises ArgumentError."""
    for place in PLACES if member is not None else ():
        if place in (member or {}):
            raise ArgumentError(f"member.{place} is given: this program's fleet has tables of its own; remove it")
    if member is not None and "external_id" in member:
        raise ArgumentError("member.external_id is a secret: pulumi config set --secret external_id ...")
    if secret is not None and not (member or {}).get("readers"):
        raise ArgumentError("external_id is set and member.readers is not: nobody needs it; remove it, or name readers")
    if member is not None:
        later = dict.fromkeys(PLACES, pulumi.Output.from_input("known later"))
        args = {**member, **later, **({"external_id": secret} if secret is not None else {})}
        FleetMemberSettings.from_args(cast(FleetMemberArgs, args), "member")


if __name__ == "__main__":
    main()
