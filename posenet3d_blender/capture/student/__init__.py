"""The student network: its input features, its definition and its predictions."""
