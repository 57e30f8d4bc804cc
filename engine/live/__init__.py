"""Loops in time and as sound: clocks, players, the synthesizer."""
