"""Workers start before the modules that would delay them."""

import subprocess
import sys


def test_the_workers_start_before_numpy_is_imported() -> None:
    show = "import sys, mlpcli.api.sweep_workers, mlpcli.workers.local; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
