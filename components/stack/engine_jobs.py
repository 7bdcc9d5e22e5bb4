"""What the jobs of an engine run in: images, the role, and the code where it is this project's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.archives import job_archive, job_archive_key, write_job_archive
from components.args import OPEN, ExistingEndpointSettings, StackSettings
from components.iam import AwsContext, Outside, PolicyDocument, Vpc, look_up_context, sagemaker_trust, service_role
from components.monitors import (
    ANALYZER,
    SHADOW_ENDPOINT_PREFIX,
    JobReach,
    Monitor,
    image_uri,
    monitor_policy,
    run_policy,
)
from components.storage import content_object

SCIKIT_LEARN: Final = "sagemaker-scikit-learn"
# AWS's scikit-learn image with Python 3.12, numpy, scipy and pyarrow.
SCIKIT_LEARN_TAG: Final = "1.9-0-cpu-py3"


@dataclass(frozen=True, kw_only=True)
class EngineJob:
    """What an engine's jobs run in. `code_uri`: of this project's monitor; None where AWS's analyzer runs."""

    images: Mapping[str, pulumi.Output[str]]
    """By repository."""
    role_arn: pulumi.Output[str]
    code_uri: pulumi.Output[str] | None = None

    @property
    def image_uri(self) -> pulumi.Output[str]:
        """The image of the first kind."""
        return next(iter(self.images.values()))


@dataclass(frozen=True, kw_only=True)
class _Deployed:
    """What a policy of jobs is made from, once Pulumi knows it; `images`: by repository."""

    place: AwsContext
    bucket: str
    images: Mapping[str, str]
    reach: JobReach
    result_tables: str | None


@dataclass(frozen=True, kw_only=True)
class EngineJobs:
    """Makes them for the monitors of a stack; `capture_uri`: of its endpoint."""

    parent: pulumi.Resource
    stem: str
    settings: StackSettings
    monitors: Mapping[str, Monitor]
    bucket_name: pulumi.Output[str]
    capture_uri: pulumi.Output[str]

    def of_model_monitor(self) -> EngineJob:
        """What AWS's analyzer runs in."""
        repositories = [monitor.repository for monitor in self.monitors.values()]
        if any(monitor.kind.needs_labels for monitor in self.monitors.values()):
            repositories.append(ANALYZER)  # beside it lies what joins captures with labels
        images = {repository: image_uri(repository, self.parent) for repository in dict.fromkeys(repositories)}

        def policy(deployed: _Deployed) -> PolicyDocument:
            return monitor_policy(
                deployed.place,
                bucket=deployed.bucket,
                image_uris=list(deployed.images.values()),
                reach=deployed.reach,
                shadow_endpoint=SHADOW_ENDPOINT_PREFIX if self._asks_model else None,
            )

        return EngineJob(images=images, role_arn=self._role("monitor-role", images, policy))

    def of_open_engine(self) -> EngineJob:
        """What this project's own monitor runs in."""
        image = aws.sagemaker.get_prebuilt_ecr_image_output(
            repository_name=SCIKIT_LEARN,
            image_tag=SCIKIT_LEARN_TAG,
            opts=pulumi.InvokeOptions(parent=self.parent),
        ).registry_path
        images = {SCIKIT_LEARN: image}
        code_uri = content_object(
            f"{self.stem}-job-code",
            bucket=self.bucket_name,
            key=job_archive_key(job_archive()),
            source=write_job_archive(),
            tags=self.settings.common.tags,
            parent=self.parent,
        )

        engine = self.settings.open_engine

        def policy(deployed: _Deployed) -> PolicyDocument:
            return run_policy(
                deployed.place,
                bucket=deployed.bucket,
                image_uri=deployed.images[SCIKIT_LEARN],
                reach=deployed.reach,
                asks_model=self._asks_model,
                # Beside Model Monitor its analyzer makes them.
                baselines=self.settings.engine == OPEN,
                shares=engine is not None and engine.instance_count > 1,
                result_tables=deployed.result_tables,
            )

        return EngineJob(
            images=images,
            role_arn=self._role("open-monitor-role", images, policy),
            code_uri=code_uri,
        )

    def _role(
        self, suffix: str, images: Mapping[str, pulumi.Output[str]], policy: Callable[[_Deployed], PolicyDocument]
    ) -> pulumi.Output[str]:
        """The role of an engine's jobs; `policy` gets everything that a policy of jobs is made from."""
        engine = self.settings.open_engine
        deployed = pulumi.Output.all(
            place=look_up_context(self.parent),
            bucket=self.bucket_name,
            images=dict(images),
            reach=self._reach(),
            result_tables=engine.result_tables if engine else None,
        )
        return service_role(
            f"{self.stem}-{suffix}",
            parent=self.parent,
            description=f"The monitoring and baseline jobs of {self.stem}",
            trust=sagemaker_trust,
            policy=deployed.apply(lambda found: policy(_Deployed(**found))),
            common=self.settings.common,
        ).arn

    def _reach(self) -> pulumi.Output[JobReach]:
        settings = self.settings
        adopted = settings.endpoint if isinstance(settings.endpoint, ExistingEndpointSettings) else None
        return pulumi.Output.all(
            capture_uri=self.capture_uri if adopted else None,
            captures_key=adopted.kms_key_arn if adopted else None,
            files=settings.files_outside,
            batches=settings.batch_uris,
            subnets=list(settings.network.subnet_ids),
            groups=list(settings.network.security_group_ids),
            key=settings.common.kms_key_arn,
        ).apply(
            lambda found: JobReach(
                kinds=list(self.monitors),
                scripts=settings.has_scripts,
                outside=Outside(
                    capture_uri=found["capture_uri"], file_uris=found["files"], kms_key_arn=found["captures_key"]
                ),
                batch_uris=found["batches"],
                vpc=Vpc(subnet_ids=found["subnets"], security_group_ids=found["groups"]),
                kms_key_arn=found["key"],
            )
        )

    @property
    def _asks_model(self) -> bool:
        return any(monitor.asks_model for monitor in self.monitors.values())
