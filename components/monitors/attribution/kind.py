"""The attribution monitor as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import pulumi

from components import naming
from components.args import (
    MODEL_MONITOR,
    OPEN,
    ArgumentError,
    AttributionData,
    AttributionSettings,
    EndpointSettings,
    ExistingEndpointSettings,
    OpenEngineSettings,
    StackSettings,
)
from components.baselines import CSV_WITH_HEADER, BaselineAddresses, BaselineJob, BaselineSource, segment_variable
from components.monitors.clarify import SHADOW_ENDPOINT_PREFIX, clarify_schedule
from components.monitors.images import CLARIFY
from components.monitors.kind import MetricGraph, MonitorDefaults, Site
from contract.monitor_kinds import ATTRIBUTION, KINDS, MonitorKind

_FEATURES_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Attribution(MonitorDefaults):
    """An attribution monitor that is on. `model_hash`: of the stack's own model; another one has another ranking."""

    kind: ClassVar[MonitorKind] = KINDS[ATTRIBUTION]
    repository: ClassVar[str] = CLARIFY
    asks_model: ClassVar[bool] = True
    graphs: ClassVar[Sequence[MetricGraph]] = (
        MetricGraph(
            title="Importance per feature",
            statistic="Average",
            term="feature_",
            most=_FEATURES_SHOWN,
            dimensions=("ExplainabilityMethod", "Label", "ValueType"),
        ),
        MetricGraph(
            title="Ranking of the features against the baseline's (nDCG)", statistic="Average", term="attribution_ndcg"
        ),
    )
    settings: AttributionSettings
    model_hash: str

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitor as a stack's arguments have it; None where it is off.

        Raises
        ------
        ArgumentError
            If nobody knows where the model's archive is.
        """
        found, endpoint = settings.of(AttributionSettings), settings.endpoint
        if found is None:
            return None
        is_foreign = isinstance(endpoint, ExistingEndpointSettings)
        if is_foreign and settings.engine != OPEN and found.model_name is None:
            raise ArgumentError(
                "attribution.model_name is missing: the endpoint exists already, and SageMaker Clarify asks a shadow "
                "endpoint of its model; give the model's name"
            )
        if is_foreign and settings.engine != MODEL_MONITOR and found.model_uri is None:
            raise ArgumentError(
                "attribution.model_uri is missing: the endpoint exists already, and the monitor asks the model's own "
                "archive; give the s3:// URI of its model.tar.gz"
            )
        if isinstance(endpoint, EndpointSettings) and endpoint.image_uri is not None:
            raise ArgumentError(
                "attribution is given and endpoint.image_uri: only a model of AWS's scikit-learn image can be asked "
                "outside of its endpoint; remove one of the two"
            )
        if not isinstance(endpoint, EndpointSettings):
            return cls(settings=found, model_hash="")
        # Of a model that lies in S3 what is known of it before the deployment.
        known = [text for text in (endpoint.model_uri, endpoint.model_version) if isinstance(text, str)]
        return cls(settings=found, model_hash=naming.content_hash(endpoint.model_data, *known))

    def baseline(self) -> BaselineSource:
        """The ranking of the user's data, measured by a job, or a file."""
        given = self.settings.baseline
        if not isinstance(given, AttributionData):
            return given
        analysis = {
            "dataset_format": CSV_WITH_HEADER,
            "publish_cloudwatch_metrics": "Disabled",
            "analysis_type": self.kind.analysis_type,
            "inference_attribute": f"{self.settings.score}",
            **segment_variable(self.settings.segments),
        }
        config = f"{naming.canonical_json(self.analysis_config())} {self.model_hash}"
        return BaselineJob(kind=ATTRIBUTION, data=given.data, content=given.content, analysis=analysis, config=config)

    def analysis_config(self, model_name: pulumi.Input[str] | None = None) -> Mapping[str, Any]:
        """The inputs, how their importance is computed, and for Clarify the model of its shadow endpoint."""
        found = self.settings
        model_name = found.model_name if found.model_name is not None else model_name
        predictor = {
            "model_name": model_name,
            "instance_type": found.instance_type,
            "initial_instance_count": 1,
            "content_type": "text/csv",
            "accept_type": "text/csv",
            "endpoint_name_prefix": SHADOW_ENDPOINT_PREFIX,
        }
        return {
            "headers": list(found.features),
            "methods": {"shap": {"agg_method": found.aggregation, **({"use_logit": True} if found.use_logit else {})}},
            **({"predictor": predictor} if model_name is not None else {}),
        }

    def model_uri(self, own: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
        """The stack's model, or that of an endpoint that exists already."""
        return own if self.settings.model_uri is None else self.settings.model_uri

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Make SageMaker Clarify's job definition and schedule; the schedule's name."""
        if baseline is None:
            raise ArgumentError("attribution.baseline is missing: Model Monitor needs what it compares with")
        score = self.settings.score
        if site.batches_of(self.kind) is not None:  # a column of what a transform job wrote, behind the inputs
            score += len(self.settings.features)
        attributes = {"inference_attribute": f"{score}"}
        return clarify_schedule(self.kind, self.settings, site, baseline, attributes=attributes, opts=opts)

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """The variables that say where an answer has the score, and which metrics are published."""
        return {
            "inference_attribute": f"{self.settings.score}",
            "feature_metrics": engine.feature_metrics,
            **segment_variable(self.settings.segments),
        }
