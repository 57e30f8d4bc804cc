"""Job numbers: what ties an answer to its question."""

NO_JOB = 0
