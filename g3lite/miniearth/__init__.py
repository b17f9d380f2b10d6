"""MiniEarth: a rendered world of real places, procedural photos and cues known exactly."""
