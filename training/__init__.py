"""Makes the models: corpus to shards to weights to bundle. The only package that may import torch."""
