"""From drift to a better model: what a retraining learns from, and whether its model may replace the running one."""
