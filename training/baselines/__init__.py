"""What the model is measured against, on the same canonical notes: see `compare`."""
