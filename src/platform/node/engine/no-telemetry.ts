/**
 * Telemetry is on by default in onnxruntime-node 1.30 on Linux, which writes an id to `~/.cache/Microsoft/DeveloperTools`.
 * Harrier turns it off, unless the user has set the variable. It must be set before ONNX Runtime is loaded, and by the
 * main thread, because the environment of worker threads is a copy.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
