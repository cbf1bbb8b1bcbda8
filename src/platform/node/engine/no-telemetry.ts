/**
 * ONNX Runtime 1.30 reports its use to Microsoft, and keeps an id of the machine in the home folder, where nothing says
 * otherwise. Harrier says so; a value that the user has set stays. It must be set before ONNX Runtime is loaded, and by
 * the main thread, because the environment of worker threads is a copy.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
