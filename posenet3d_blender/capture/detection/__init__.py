"""From footage to 2D keypoints: find people, track them, find their landmarks."""
