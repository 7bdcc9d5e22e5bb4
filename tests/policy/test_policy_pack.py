"""The pack as Pulumi runs it: a process that serves the analyzer protocol, asked about the stack's own registrations.

Pulumi's CLI starts a Python policy pack with `python -u -m pulumi.policy ENGINE PACK`, reads the port from its standard
output, and calls Analyze for every resource and AnalyzeStack at the end. This does the same without the CLI, with the
requests' inputs exactly as the program sent them over the wire: unknowns, secrets and all.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policy.guard_rails.catalogue import RULES, STACK_RULES
from tests.components.mocked_runtime import Registration, Run
from tests.policy.environments import ENVIRONMENTS, PROJECT, environment, resources

DISABLED, ADVISORY, MANDATORY = analyzer_pb2.DISABLED, analyzer_pb2.ADVISORY, analyzer_pb2.MANDATORY


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of the pack's process."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", str(PROJECT / "policy")]
    errors = tmp_path_factory.mktemp("pack") / "stderr"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=PROJECT / "policy", text=True) as process,
    ):
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()  # ends with the process, if it cannot start
            assert port.isdigit(), errors.read_text()
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()
            process.wait(timeout=10)


def urn(item: Registration) -> str:
    return f"{item.parent.rsplit('::', 1)[0]}${item.type}::{item.name}"


def request(item: Registration, **changes: Any) -> analyzer_pb2.AnalyzeRequest:
    """As the engine asks about a resource that a program registers."""
    properties = struct_pb2.Struct()
    properties.CopyFrom(item.request.object)
    properties.update(changes)
    return analyzer_pb2.AnalyzeRequest(type=item.type, properties=properties, urn=urn(item), name=item.name)


def stack_request(run: Run) -> analyzer_pb2.AnalyzeStackRequest:
    """All resources, with the URNs that each of their inputs was made from."""
    known = {item.name: urn(item) for item in resources(run)}
    found = []
    for item in resources(run):
        made_from = {
            key: analyzer_pb2.AnalyzerPropertyDependencies(
                urns=[
                    known[name]
                    for name in (dependency.rsplit("::", 1)[1] for dependency in value.urns)
                    if name in known
                ]
            )
            for key, value in item.request.propertyDependencies.items()
        }
        found.append(
            analyzer_pb2.AnalyzerResource(
                type=item.type,
                properties=item.request.object,
                urn=urn(item),
                name=item.name,
                propertyDependencies=made_from,
            )
        )
    return analyzer_pb2.AnalyzeStackRequest(resources=found)


def test_it_says_what_it_is(analyzer: Any) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "model-monitoring-guard-rails"
    assert [item.name for item in info.policies] == [rule.name for rule in RULES] + [rule.name for rule in STACK_RULES]
    levels = {item.name: item.enforcementLevel for item in info.policies}
    assert levels["no-wildcard-actions"] == MANDATORY
    assert levels["models-isolated"] == ADVISORY
    assert levels["customer-managed-keys"] == DISABLED
    for item in info.policies:
        assert item.displayName
        assert item.description.endswith(".")
        assert item.remediation_steps.endswith(".")
        assert item.severity != analyzer_pb2.POLICY_SEVERITY_UNSPECIFIED


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_stack_passes(analyzer: Any, name: str) -> None:
    run = environment(name)
    found = [
        diagnostic.message for item in resources(run) for diagnostic in analyzer.Analyze(request(item)).diagnostics
    ]
    assert found == []
    assert [item.message for item in analyzer.AnalyzeStack(stack_request(run)).diagnostics] == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_preview_passes(analyzer: Any, name: str) -> None:
    """What is not known yet cannot be judged yet, and Pulumi says so itself; nothing else is said."""
    run = environment(name, preview=True)
    answers = [analyzer.Analyze(request(item)) for item in resources(run)]
    answers.append(analyzer.AnalyzeStack(stack_request(run)))
    messages = [diagnostic.message for answer in answers for diagnostic in answer.diagnostics]
    assert [text for text in messages if "during preview" not in text] == []


def test_a_bad_resource_is_refused(analyzer: Any) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    role_policy = environment("dev").one("aws:iam/rolePolicy:RolePolicy", "-monitor-role-policy")
    found = analyzer.Analyze(request(role_policy, policy=json.dumps(policy))).diagnostics
    assert [(item.policyName, item.enforcementLevel, item.message) for item in found] == [
        (
            *("no-wildcard-actions", MANDATORY),
            "Policies allow named actions only.\n"
            "model-monitoring-dev-monitor-role-policy: policy statement 1 allows s3:*: name the actions",
        ),
        (
            *("no-wildcard-resources", MANDATORY),
            'Policies allow "*" only for actions that AWS cannot limit to a resource.\n'
            "model-monitoring-dev-monitor-role-policy: "
            "policy statement 1 allows s3:* on *: give the ARNs that it needs",
        ),
        (
            *("no-writable-code", MANDATORY),
            "No role of the stack may write where preprocessing scripts, the monitor or the model's code lie.\n"
            "model-monitoring-dev-monitor-role-policy: "
            "policy statement 1 may write *, where code lies: only deployments may",
        ),
    ]


def test_what_is_missing_is_found_in_the_whole_and_names_its_resource(analyzer: Any) -> None:
    run = environment("dev")
    asked = stack_request(run)
    kept = [item for item in asked.resources if not item.type.startswith("aws:s3/bucketPublicAccessBlock:")]
    [found] = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=kept)).diagnostics
    assert found.urn == urn(run.one("aws:s3/bucket:Bucket"))
    assert found.message.endswith(
        "model-monitoring-dev-data: its public access is not blocked: add a BucketPublicAccessBlock"
    )


def test_settings_are_heeded(analyzer: Any) -> None:
    topic = environment("dev").one("aws:sns/topic:Topic", "-notifications")
    properties = struct_pb2.Struct()
    properties.update({"names": ["owner"]})
    configured = analyzer_pb2.PolicyConfig(enforcementLevel=ADVISORY, properties=properties)
    keys = analyzer_pb2.PolicyConfig(enforcementLevel=MANDATORY)
    try:
        analyzer.Configure(
            analyzer_pb2.ConfigureAnalyzerRequest(
                policyConfig={"required-tags": configured, "customer-managed-keys": keys}
            )
        )
        found = analyzer.Analyze(request(topic)).diagnostics
        assert [(item.policyName, item.enforcementLevel) for item in found] == [
            ("required-tags", ADVISORY),
            ("customer-managed-keys", MANDATORY),
        ]
        assert "tag owner is missing" in found[0].message
    finally:
        analyzer.Configure(analyzer_pb2.ConfigureAnalyzerRequest())
    assert list(analyzer.Analyze(request(topic)).diagnostics) == []


def test_the_pack_needs_nothing_of_the_project(tmp_path: Path) -> None:
    """It is handed around as a directory."""
    for file in (PROJECT / "policy").rglob("*.py"):
        target = tmp_path / file.relative_to(PROJECT / "policy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    code = (
        f"import sys; sys.path[:] = [p for p in sys.path if p not in ('', {str(PROJECT)!r})]; sys.path.insert(0, '.')"
    )
    script = f"{code}; from guard_rails.pack import policies; print(len(policies()))"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(RULES) + len(STACK_RULES)
