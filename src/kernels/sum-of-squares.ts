import { HarrierError } from '../errors.ts';
import type { GraphBuilder, Value } from '../onnx/index.ts';
import { FLOAT_OPCODES, FunctionBody, wasmModule } from './wasm-encoder.ts';

/** What the module of {@link emitWasmSumOfSquares} exports as `run`: number of elements, where they begin (bytes). */
export type RunSumOfSquares = (count: number, pointer: number) => number;

const ACCUMULATORS = 4;

/**
 * The sum of the squares of a float32 array, for gradient clipping by norm, as a WebAssembly module: it imports
 * `env.memory` and exports `run`, a {@link RunSumOfSquares}. Squares are exact in float64 and added in float64, in an
 * order that depends on the count alone, so that a result can be had again bit for bit. It is finite only if every
 * element is: a check for NaN and infinity comes with it.
 */
export function emitWasmSumOfSquares(): Uint8Array<ArrayBuffer> {
  const body = new FunctionBody(['i32', 'i32'], 'f64');
  const [count, pointer] = [0, 1];
  const accumulators = Array.from({ length: ACCUMULATORS }, () => body.local('v128'));
  const pair = body.local('v128');
  const turns = body.local('i32');

  const accumulate = (accumulator: number, load: 'load64Zero' | 'load32Zero', offset: number): void => {
    body.get(accumulator);
    body.get(pointer);
    body.memory(load, offset);
    body.float(FLOAT_OPCODES.f64x2PromoteLow);
    body.tee(pair);
    body.get(pair);
    body.float(FLOAT_OPCODES.f64x2Multiply);
    body.float(FLOAT_OPCODES.f64x2Add);
    body.set(accumulator);
  };

  const perTurn = ACCUMULATORS * 4;
  body.get(count);
  body.i32(Math.log2(perTurn));
  body.op('i32ShiftRight');
  body.set(turns);
  body.repeat(turns, () => {
    for (let i = 0; i < perTurn / 2; i++) accumulate(accumulators[i % ACCUMULATORS], 'load64Zero', i * 8);
    body.advance(pointer, perTurn * 4);
  });
  body.get(count);
  body.i32(perTurn - 1);
  body.op('i32And');
  body.set(turns);
  body.repeat(turns, () => {
    accumulate(accumulators[0], 'load32Zero', 0);
    body.advance(pointer, 4);
  });

  for (const [i, accumulator] of accumulators.entries()) {
    body.get(accumulator);
    if (i > 0) body.float(FLOAT_OPCODES.f64x2Add);
  }
  body.tee(pair);
  body.float(FLOAT_OPCODES.f64x2ExtractLane, 0);
  body.get(pair);
  body.float(FLOAT_OPCODES.f64x2ExtractLane, 1);
  body.op('f64Add');
  return wasmModule(body);
}

/**
 * The sum of the squares of all elements of some float32 values, as ONNX ops in the builder's present scope.
 *
 * @returns a float32 value of shape `()`; not finite if an element is not
 * @throws HarrierError `bad-option` when there are no values
 */
export function emitOnnxSumOfSquares(builder: GraphBuilder, values: readonly Value[]): Value {
  if (values.length === 0) {
    throw new HarrierError('bad-option', 'there is nothing to sum', { where: 'sum of squares' });
  }
  return values
    .map((value) => builder.op('ReduceSumSquare', [value], { keepdims: 0 }))
    .reduce((sum, square) => builder.op('Add', [sum, square]));
}
