"""From the producer's files to the context of a request."""
