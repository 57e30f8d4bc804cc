"""A model of one's own, on top of the one that ships: `turnaround check` and `turnaround finetune`."""
