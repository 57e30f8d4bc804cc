"""The headless engine: makes, reads, plays and keeps Loops; knows neither Qt nor torch."""
