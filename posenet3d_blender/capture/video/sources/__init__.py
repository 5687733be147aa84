"""Where pictures come from: video files and image sequences, their timestamps, orientation and damage."""
