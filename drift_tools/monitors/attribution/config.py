"""What is explained, as SageMaker Clarify's analysis_config.json says it."""

from dataclasses import dataclass

from drift_tools.errors import InputError
from drift_tools.monitors.analysis_config import AnalysisConfig
from drift_tools.monitors.attribution.importance import AGGREGATIONS, Aggregation


@dataclass(frozen=True, slots=True)
class AttributionConfig:
    """`features`: the model's inputs in the order of its requests; `aggregation`: how rows become an importance;
    `use_logit`: whether log-odds are explained in place of probabilities.
    """

    features: tuple[str, ...]
    aggregation: Aggregation
    use_logit: bool = False

    @classmethod
    def of(cls, config: AnalysisConfig) -> "AttributionConfig":
        """Take an explainability analysis from a parsed file: its `headers`, `methods.shap.agg_method` and `use_logit`.

        Raises
        ------
        InputError
            If `methods.shap` is not there, or its `agg_method` is none.
        """
        methods = config.mapping(config.document.get("methods", {}), "methods")
        if "shap" not in methods:
            raise InputError(f"{config.source}: methods has no shap: this analysis explains nothing")
        shap = config.mapping(methods["shap"], "methods.shap")
        given, use_logit = shap.get("agg_method", AGGREGATIONS[0]), shap.get("use_logit", False)
        if not isinstance(use_logit, bool):
            raise InputError(f"{config.source}: use_logit is {use_logit!r:.40}: give true or false")
        aggregation = next((known for known in AGGREGATIONS if known == given), None)
        if aggregation is None:
            raise InputError(f"{config.source}: agg_method is {given!r:.40}: give one of {', '.join(AGGREGATIONS)}")
        return cls(config.headers, aggregation, use_logit)
