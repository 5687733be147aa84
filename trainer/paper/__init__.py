"""The recipe `paper`: teacher and student learnt from 2D poses alone, after PoseNet3D (Tripathi et al., 3DV 2020)."""
