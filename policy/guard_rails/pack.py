"""The rules as policies of Pulumi's."""

from typing import Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as PolicySeverity

from .catalogue import RULES, STACK_RULES
from .rule import Rule, StackResource, StackRule

NAME: Final = "model-monitoring-guard-rails"


def resource_policy(rule: Rule) -> ResourceValidationPolicy:
    """A rule about one resource; its findings are reported with their fix."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        settings = {key: value for key, value in args.get_config().items() if key in rule.settings}
        for message in rule.check(args.resource_type, args.props, **settings):
            report(f"{args.name}: {message}", None)

    return ResourceValidationPolicy(
        name=rule.name,
        display_name=rule.title,
        description=rule.description,
        enforcement_level=EnforcementLevel(rule.level.value),
        severity=PolicySeverity(rule.severity.value),
        remediation_steps=rule.fix,
        config_schema=PolicyConfigSchema({key: dict(schema) for key, schema in rule.settings.items()})
        if rule.settings
        else None,
        validate=validate,
    )


def stack_policy(rule: StackRule) -> StackValidationPolicy:
    """A rule about all resources; a finding names the resource that it is about."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        found = [stack_resource(item) for item in args.resources]
        names = {item.urn: item.name for item in found}
        for finding in rule.check(found):
            report(f"{names[finding.urn]}: {finding.message}", finding.urn)

    return StackValidationPolicy(
        name=rule.name,
        display_name=rule.title,
        description=rule.description,
        enforcement_level=EnforcementLevel(rule.level.value),
        severity=PolicySeverity(rule.severity.value),
        remediation_steps=rule.fix,
        validate=validate,
    )


def stack_resource(item: PolicyResource) -> StackResource:
    return StackResource(
        type=item.resource_type,
        urn=item.urn,
        name=item.name,
        properties=item.props,
        references={
            key: frozenset(found.urn for found in references) for key, references in item.property_dependencies.items()
        },
    )


def policies() -> list[Policy]:
    return [*map(resource_policy, RULES), *map(stack_policy, STACK_RULES)]


def serve() -> None:
    """Start the pack's server, say on which port, and serve until interrupted."""
    PolicyPack(
        NAME,
        policies(),
        enforcement_level=EnforcementLevel.MANDATORY,
        description="Guard rails for monitored SageMaker endpoints.",
        display_name="Model monitoring guard rails",
        provider="aws",
    )
