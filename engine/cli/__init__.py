"""The command line: what `turnaround` does without a window. Thin: it reads options, calls the engine, prints."""
