"""Commands of the trainer: train, evaluate, pictures, export, convert."""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
