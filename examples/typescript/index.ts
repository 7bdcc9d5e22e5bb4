// A model with an endpoint of its own, monitored for drift and for its quality. See README.md.
import * as pulumi from "@pulumi/pulumi";
import * as monitoring from "@pulumi/model-monitoring";

const config = new pulumi.Config();

const churn = new monitoring.ModelMonitoringStack("churn", {
    engine: "open",
    endpoint: {
        model: new pulumi.asset.FileAsset(config.require("model")),
        instanceType: "ml.m5.large",
        instanceCount: 2,
        samplingPercentage: 20,
        autoscaling: { maxCapacity: 4 },
    },
    baseline: {
        data: new pulumi.asset.FileAsset("../../model/baseline.csv"),
    },
    dataQuality: {
        scheduleExpression: "cron(0 * ? * * *)",
        instanceType: "ml.m5.xlarge",
    },
    modelQuality: {
        problemType: "BinaryClassification",
        baseline: { data: new pulumi.asset.FileAsset("../../model/baseline_quality.csv") },
        probabilityThreshold: 0.5,
    },
    alerting: {
        subscriptions: [{ protocol: "https", endpoint: config.requireSecret("webhookUrl") }],
        violationsThreshold: 3,
    },
    retainData: true,
    logRetentionInDays: 90,
    tags: { team: "risk", environment: pulumi.getStack() },
});

export const endpointName = churn.endpointName;
export const dashboardUrl = churn.dashboardUrl;
