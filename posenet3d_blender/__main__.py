"""`python -m posenet3d_blender COMMAND …`."""

import sys

from .cli.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
