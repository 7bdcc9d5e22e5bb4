"""The members of requests that name what is not kept by moto, for authorisation."""

NAMED = {
    "ProcessingJob": ("processing-job", "ProcessingJobName"),
    "TransformJob": ("transform-job", "TransformJobName"),
    "TrainingJob": ("training-job", "TrainingJobName"),
    "MonitoringSchedule": ("monitoring-schedule", "MonitoringScheduleName"),
    "ModelPackageGroup": ("model-package-group", "ModelPackageGroupName"),
    "ModelPackage": ("model-package", "ModelPackageName"),
    "Pipeline": ("pipeline", "PipelineName"),
    "PipelineExecution": ("pipeline", "PipelineName"),
    "PipelineExecutions": ("pipeline", "PipelineName"),  # they are listed of one pipeline
}
VERBS = ("Create", "Describe", "Delete", "Update", "Start", "Stop", "List")
