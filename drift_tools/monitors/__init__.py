"""What is monitored, one package a kind."""
