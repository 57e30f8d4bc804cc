"""Loops found in songs."""
