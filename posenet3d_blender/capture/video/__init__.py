"""Footage in, previews out: decoding with true timestamps, rotation, frame rates and lens."""
