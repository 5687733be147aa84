"""From footage to motion: decoding, 2D joints, the student, trajectory. Knows nothing of bpy."""

import os

# The solver's matrices are small: with several threads scipy's BLAS spends twenty times the CPU time on waiting.
# It reads this when scipy is first imported, which this package does only inside functions.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
