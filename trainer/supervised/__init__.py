"""The recipe `supervised`: the student learns from motion capture with 3D ground truth."""
