"""`mlpcli` with stacks of one trial: what stacking is measured against."""

import sys

from mlpcli.cli.main import run
from mlpcli.sweeps.plan.sweep_plan import cost

if __name__ == "__main__":
    cost.MAX_REPLICAS = 1
    sys.exit(run())
