"""Training material: clips of motion capture, virtual cameras, detector noise."""
