"""`python -m posenet3d_blender COMMAND …`."""

import sys

from .cli.main import main
from .cli.process import exit_process

if __name__ == "__main__":
    exit_process(main(sys.argv[1:]))
