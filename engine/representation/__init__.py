"""What the model sees: vocabulary, rows, prompts, grammar."""
