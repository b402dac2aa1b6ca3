"""`mlpcli` with stacks of one trial: what stacking is measured against."""

import sys

from mlpcli.cli.main import run
from mlpcli.sweeps.plan import training_cost

if __name__ == "__main__":
    training_cost.MAX_REPLICAS = 1
    sys.exit(run())
