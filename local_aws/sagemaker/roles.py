"""Roles that a request hands to SageMaker."""

from collections.abc import Mapping

from local_aws.identity import Identity
from local_aws.sagemaker.errors import AwsError, invalid

SERVICE = "sagemaker.amazonaws.com"


def check_role(identity: Identity, role: str, headers: Mapping[str, str]) -> None:
    """Refuse a caller who may not pass the role, and a role that SageMaker may not assume."""
    refused = identity.pass_role_refusal(headers, role, SERVICE)
    if refused:
        raise AwsError("AccessDeniedException", refused)
    if not identity.trusts(role, SERVICE):
        raise invalid(
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            f"'{SERVICE}' to assume the role."
        )
