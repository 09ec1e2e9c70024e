"""The default engine: YuNet and SFace on OpenVINO or ONNX Runtime. The only package that imports either."""
