"""From drift to a better model on one machine: retrained, refused, expired, rolled back, approved, deployed."""
