"""The recipe `supervised`: the student learnt from motion capture with its 3D truth."""
