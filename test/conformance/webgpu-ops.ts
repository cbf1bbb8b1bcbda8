/**
 * What a graph lowered for WebGPU may hold: ops that onnxruntime-web 1.30's WebGPU build runs on the GPU itself, or
 * that only give a value another shape. Anything else would be computed on the CPU, with a copy there and back.
 */
export const WEBGPU_OPS: ReadonlySet<string> = new Set([
  // Measured: whole gradient graphs of these ran on the GPU.
  ...['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Einsum', 'MaxPool', 'AveragePool', 'GlobalAveragePool'],
  ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSumSquare', 'ReduceL2', 'ReduceLogSumExp'],
  ...['Slice', 'Concat', 'Pad', 'Where', 'Gather', 'GatherElements', 'ScatterElements', 'Resize', 'Expand'],
  ...['BatchNormalization', 'Softmax', 'HardSigmoid'],
  // Registered, by the package's docs/webgpu-operators.md.
  ...[
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Neg',
    'Abs',
    'Exp',
    'Log',
    'Sqrt',
    'Reciprocal',
    'Erf',
    'Floor',
    'Ceil',
  ],
  ...['Relu', 'LeakyRelu', 'Elu', 'Gelu', 'Sigmoid', 'Tanh', 'Clip', 'Cast', 'ArgMax', 'Not'],
  ...['Sin', 'Cos', 'ThresholdedRelu', 'LayerNormalization', 'InstanceNormalization', 'GlobalMaxPool'],
  ...['ReduceL1', 'ReduceLogSum', 'Split', 'Tile', 'DepthToSpace'],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
  ...['Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'],
]);

/** Ops that stay as they are although they run on the CPU, and why that is accepted. */
export const WEBGPU_EXCEPTIONS: Readonly<Record<string, string>> = {
  Identity: 'names a value a second time; ONNX Runtime removes it',
  Dropout: 'outside training it is an Identity, which ONNX Runtime removes',
  GroupNormalization: 'in models of other programs alone; no kernel there',
  SpaceToDepth: 'in models of other programs alone; no kernel there',
  Trilu: 'in models of other programs alone; no kernel there',
  TopK: 'in models of other programs alone; no kernel there',
};
