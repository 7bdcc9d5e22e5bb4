"""SageMaker hosting: endpoints that answer, capture what they answer, and roll over to a new fleet."""
