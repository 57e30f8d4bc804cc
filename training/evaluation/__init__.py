"""Measures of loops and of models, each a function with a source, and the run that makes a report of them."""
