"""The training loop, its processes, checkpoints, recipe files and logs; shared by all recipes."""
