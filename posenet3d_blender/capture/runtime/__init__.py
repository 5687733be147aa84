"""Run a network: one interface, by onnxruntime or, where torch has CUDA, by torch."""
