"""Arguments of the network that containers run in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict

import pulumi

from components.args.bounds import check_length
from components.args.reader import ArgumentError, Reader, argument_names


class NetworkArgs(TypedDict):
    """The network of the model's containers and of the jobs; the functions stay outside, they call only AWS's APIs."""

    subnet_ids: NotRequired[Sequence[pulumi.Input[str]]]
    """Subnets of a VPC with ways to S3, CloudWatch, ECR and SageMaker. Default none: AWS's own network."""
    security_group_ids: NotRequired[Sequence[pulumi.Input[str]]]
    """Security groups of the same VPC; one at least with subnets."""
    encrypt_inter_container_traffic: NotRequired[bool]
    """Traffic between the instances of one job is encrypted. Default false; jobs run on one instance."""
    isolation: NotRequired[bool]
    """The jobs' containers have no network; the platform still carries their files. Default false."""


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """`NetworkArgs`, checked and complete."""

    subnet_ids: tuple[pulumi.Input[str], ...] = ()
    security_group_ids: tuple[pulumi.Input[str], ...] = ()
    encrypt_inter_container_traffic: bool = False
    isolation: bool = False

    @classmethod
    def from_args(cls, args: NetworkArgs, path: str = "network") -> Self:
        read = Reader(path, args, argument_names(NetworkArgs))
        subnets = read.late_texts("subnet_ids", r"subnet-[0-9a-f]+", "write IDs such as subnet-0a1b2c3d")
        groups = read.late_texts("security_group_ids", r"sg-[0-9a-f]+", "write IDs such as sg-0a1b2c3d")
        if bool(subnets) != bool(groups):
            missing = "subnet_ids" if groups else "security_group_ids"
            raise ArgumentError(f"{read.name(missing)} is missing: a VPC needs both subnets and security groups")
        for key, values in (("subnet_ids", subnets), ("security_group_ids", groups)):
            if values:
                check_length(read.name(key), values, f"network.{key}")
            known = [value for value in values if isinstance(value, str)]
            if len(set(known)) < len(known):
                raise read.refuse(key, "names one of them twice; name each once")
            for value in values:
                check_length(f"{read.name(key)} has an entry that", value, f"network.{key.removesuffix('s')}")
        return cls(
            subnet_ids=subnets,
            security_group_ids=groups,
            encrypt_inter_container_traffic=read.flag("encrypt_inter_container_traffic", False),
            isolation=read.flag("isolation", False),
        )

    @property
    def in_vpc(self) -> bool:
        return bool(self.subnet_ids)

    @property
    def has_settings(self) -> bool:
        """Whether a job differs from one without any network arguments."""
        return self.in_vpc or self.encrypt_inter_container_traffic or self.isolation
