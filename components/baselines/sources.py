"""Where a baseline comes from: a job over data, documents with what people demand written into them, or older files."""

from collections.abc import Mapping, Sequence

from components.args import (
    AnyBaseline,
    AnyQualityBaseline,
    BaselineFiles,
    BaselineSettings,
    CapturesSettings,
    DataQualityThresholds,
    ExistingBaseline,
    ModelQualityBaselineSettings,
    Script,
    file_for_quality_thresholds,
    files_for_thresholds,
)
from components.baselines.job import (
    BaselineJob,
    captured_baseline,
    data_quality_baseline,
    model_quality_baseline,
)
from components.baselines.thresholds import quality_constraints, with_thresholds

BaselineSource = BaselineJob | BaselineFiles | ExistingBaseline


def data_quality_source(
    baseline: AnyBaseline | None,
    thresholds: DataQualityThresholds | None,
    thresholds_name: str = "data_quality.thresholds",
    *,
    window_hours: int = 1,
    segments: Sequence[str] = (),
    preprocessor: Script | None = None,
) -> BaselineSource | None:
    """The source of the data-quality monitor's baseline, whose windows have so many hours and whose records go through
    `preprocessor`; None without a baseline.

    Raises
    ------
    ArgumentError
        If there are thresholds, `thresholds_name` of the arguments, and no files to write them into.
    """
    if thresholds is not None:
        files = files_for_thresholds(baseline, thresholds_name)
        return BaselineFiles(statistics=files.statistics, constraints=with_thresholds(files.constraints, thresholds))
    if isinstance(baseline, CapturesSettings):
        return captured_baseline(baseline, window_hours, preprocessor)
    if isinstance(baseline, BaselineSettings):
        return data_quality_baseline(baseline, window_hours, segments)
    return baseline


def model_quality_source(
    baseline: AnyQualityBaseline | None,
    thresholds: Mapping[str, float],
    problem_type: str,
    positive_label: str | None = None,
    segments: Sequence[str] = (),
) -> BaselineSource | None:
    """The source of the model-quality monitor's baseline; None if nothing is demanded of the model.

    Raises
    ------
    ArgumentError
        If there are thresholds and a baseline that is not a file.
    """
    if thresholds:
        file = file_for_quality_thresholds(baseline, "model_quality.thresholds")
        document = quality_constraints(problem_type, thresholds, file.constraints if file else None)
        return BaselineFiles(statistics=None, constraints=document)
    if isinstance(baseline, ModelQualityBaselineSettings):
        return model_quality_baseline(baseline, problem_type, positive_label, segments)
    return baseline
