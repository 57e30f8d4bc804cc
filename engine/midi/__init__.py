"""The edge to MIDI files and ports."""
