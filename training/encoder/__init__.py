"""The bar encoder: a small network that turns a bar of music into a vector, its training, its probes, its export."""
