"""From footage to motion: decoding, 2D joints, the student, trajectory. Knows nothing of bpy."""
