"""Linear least squares over frames, for capture and for retargeting."""
