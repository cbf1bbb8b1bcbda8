import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, modelOf, type Value } from '../../src/onnx/builder.ts';
import { encodeModel } from '../../src/onnx/codec.ts';
import { tensor } from '../../src/onnx/types.ts';
import { cases, describeCase, inputsOf, type OracleCase, opOf, outputTypesOf } from './cases.ts';
import { oracle } from './index.ts';
import type { OracleTensor } from './tensor.ts';

/** Of float32, relative to the largest element of the output. Integers and booleans must be equal. */
const TOLERANCE = 1e-5;

/** One node as a model of its own, run by ONNX Runtime as it is written. */
async function runByRuntime(
  row: OracleCase,
  inputs: (OracleTensor | undefined)[],
  expected: OracleTensor[],
): Promise<OracleTensor[]> {
  const types = outputTypesOf(row);
  const builder = new GraphBuilder('case', () => types.map((type, i) => ({ type, shape: expected[i].dims })));
  const feeds: Record<string, ort.Tensor> = {};
  const values = row.inputs.map((input, i): Value | undefined => {
    if (!input) return undefined;
    const { dims, data } = tensor(input.type ?? 'float32', input.dims, inputs[i]!.data);
    const type = input.type ?? 'float32';
    if (input.constant) return builder.initializer(`x${i}`, { type, dims, data });
    feeds[`x${i}`] = new ort.Tensor(type as 'float32', data as Float32Array, [...dims]);
    return builder.input(`x${i}`, type, dims);
  });
  const options = { domain: row.domain, outputs: row.outputs, name: 'y' };
  for (const value of builder.ops(row.op, values, row.attributes, options)) builder.output(value);
  const session = await ort.InferenceSession.create(encodeModel(modelOf(builder.build())), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const results = await session.run(feeds);
    return session.outputNames.map((name) => ({
      dims: [...results[name].dims],
      data: Float64Array.from(results[name].data as ArrayLike<number | bigint>, Number),
    }));
  } finally {
    await session.release();
  }
}

/** The largest difference, relative to the largest expected element; Infinity where NaN or infinities differ. */
function difference(actual: Float64Array, expected: Float64Array): number {
  const scale = expected.reduce(
    (max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max),
    0,
  );
  return expected.reduce((worst, value, i) => {
    if (actual[i] === value || (Number.isNaN(actual[i]) && Number.isNaN(value))) return worst;
    const gap = Math.abs(actual[i] - value) / (scale || 1);
    return Math.max(worst, Number.isFinite(gap) ? gap : Number.POSITIVE_INFINITY);
  }, 0);
}

describe('the oracle and ONNX Runtime agree', () => {
  for (const row of cases) {
    const check = row.notInRuntime ? it.skip : it;
    check(`${describeCase(row)}${row.notInRuntime ? ` (${row.notInRuntime})` : ''}`, async () => {
      const inputs = inputsOf(row);
      const expected = oracle[opOf(row)](inputs, row.attributes).slice(0, row.outputs ?? 1);
      const actual = await runByRuntime(row, inputs, expected);
      const types = outputTypesOf(row);
      expect(actual.map(({ dims }) => dims)).toEqual(expected.map(({ dims }) => dims));
      actual.forEach(({ data }, i) => {
        const allowed = types[i].startsWith('float') ? TOLERANCE : 0;
        const message = `output ${i}: [${data}] where the oracle has [${expected[i].data}]`;
        expect(difference(data, expected[i].data), message).toBeLessThanOrEqual(allowed);
      });
    });
  }

  it('on every operator', () => {
    const covered = new Set(cases.map(opOf));
    expect(Object.keys(oracle).filter((op) => !covered.has(op))).toEqual([]);
    expect([...covered].filter((op) => !(op in oracle))).toEqual([]);
  });
});
