"""CloudWatch with behaviour: alarms evaluated as it documents, metric math, mute rules, links between accounts."""
