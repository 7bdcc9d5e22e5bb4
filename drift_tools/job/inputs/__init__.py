"""What a run reads: the window's rows, its labels, and the scripts of users that make rows of records."""
