"""A trained model for other programs: safetensors and ONNX."""
