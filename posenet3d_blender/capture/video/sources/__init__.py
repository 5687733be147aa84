"""Sources of pictures: video files and image sequences, their timestamps, orientation and damage."""
