"""What more than one of the functions needs. Standard library and boto3 only."""
