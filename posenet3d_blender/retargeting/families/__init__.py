"""Bone names of well-known rigs; each module finds its family in an armature's names and hierarchy."""
