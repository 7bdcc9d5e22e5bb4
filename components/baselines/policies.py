"""What the function that starts baseline jobs may do."""

from components.iam import AwsContext, PolicyDocument, allow, function_basics, policy_document


def starter_policy(context: AwsContext, *, job_stem: str, monitor_role_arn: str, log_group_arn: str) -> PolicyDocument:
    """The function that starts baseline jobs: those jobs only, under the monitor's role only."""
    return policy_document(
        *function_basics(log_group_arn),
        allow(
            "StartBaselineJobs",
            ["sagemaker:AddTags", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"],
            [context.arn("sagemaker", f"processing-job/{job_stem}-*")],
        ),
        allow(
            "PassJobRole",
            ["iam:PassRole"],
            [monitor_role_arn],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    )
