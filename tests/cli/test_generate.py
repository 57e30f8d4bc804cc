"""`generate`, run as a producer runs it: real stems in, real files out, checked with mido alone."""
