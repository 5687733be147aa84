"""`python -m posenet3d_blender COMMAND …`."""

import os
import sys

# The solver's matrices are small: with several threads BLAS spends twenty times the processor time on waiting.
# It reads this when numpy is first imported, so it is said before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .cli.leaving import end_process  # noqa: E402
from .cli.run import main  # noqa: E402

if __name__ == "__main__":
    end_process(main(sys.argv[1:]))
