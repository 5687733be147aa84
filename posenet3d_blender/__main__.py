"""`python -m posenet3d_blender COMMAND …`."""

import sys

from .cli.leaving import end_process
from .cli.main import main

if __name__ == "__main__":
    end_process(main(sys.argv[1:]))
