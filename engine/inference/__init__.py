"""From a request to takes, through an ONNX model bundle."""
