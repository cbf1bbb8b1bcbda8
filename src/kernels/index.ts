export {
  arrayElement,
  constant,
  type Expression,
  type Operand,
  type Operation,
  scalar,
} from './expression.ts';
export {
  defineKernel,
  type Kernel,
  type KernelDefinition,
  kernelArguments,
  type Step,
  type Update,
} from './kernel.ts';
export { emitOnnx } from './onnx.ts';
export {
  emitWasmResampleColumns,
  emitWasmResampleRow,
  type RunResampleColumns,
  type RunResampleRow,
  WEIGHT_BITS,
} from './resample.ts';
export { resampleLoops } from './resample-loops.ts';
export { emitOnnxSumOfSquares, emitWasmSumOfSquares, type RunSumOfSquares } from './sum-of-squares.ts';
export { emitWasm, type RunKernel } from './wasm.ts';
