"""Windows of moving SMPL bodies with their ground truth, as synthetic observations: what students learn from."""
