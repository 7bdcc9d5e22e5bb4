"""Two columns of one distribution."""

import numpy as np

N = 2000
RNG = np.random.default_rng(11)
NORMAL, OTHER = RNG.normal(size=N), RNG.normal(size=N)
