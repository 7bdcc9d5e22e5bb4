"""What bias is measured of, as SageMaker Clarify's analysis_config.json says it."""

from dataclasses import dataclass

from drift_tools.errors import InputError
from drift_tools.monitors.analysis_config import AnalysisConfig
from drift_tools.monitors.bias.from_table import BiasSettings, Facet


@dataclass(frozen=True, slots=True)
class BiasConfig:
    """`features`: the model's inputs in the order of its requests; `settings`: all but where the prediction is."""

    features: tuple[str, ...]
    settings: BiasSettings

    @classmethod
    def of(cls, config: AnalysisConfig) -> "BiasConfig":
        """Take a bias analysis from a parsed file.

        Raises
        ------
        InputError
            If it names no label, no positive value of it or no facet, or a column that is none of `headers`.
        """
        label = config.text("label")
        if label is None:
            raise InputError(f"{config.source} names no label: add the column of true labels, which headers must have")
        positive = config.values(config.document, "label_values_or_threshold")
        if not positive:
            raise InputError(f"{config.source}: label_values_or_threshold is empty: name the favourable label")
        facets = [config.mapping(facet, "facet") for facet in config.values(config.document, "facet")]
        if not facets:
            raise InputError(f"{config.source}: facet is empty: name a column whose groups are compared")
        return cls(
            tuple(name for name in config.headers if name != label),
            BiasSettings(
                label=label,
                positive=positive,
                facets=[
                    Facet(
                        config.column(facet.get("name_or_index"), "facet.name_or_index"),
                        config.values(facet, "value_or_threshold"),
                    )
                    for facet in facets
                ],
                group_variable=config.text("group_variable"),
            ),
        )
