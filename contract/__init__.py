"""What the parts tell each other, each thing once: names, places and small documents that two of them must agree on.

The components declare by it, the functions and the monitoring jobs act by it, the command line reads by it. Standard
library only, and nothing of this project: it travels in every archive.
"""
