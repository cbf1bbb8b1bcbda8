/**
 * Holds Harrier against the ONNX project's own node tests: the shapes that import infers, the values that the imported
 * graph gives, and its gradients against differences. See bench/peers/README.md.
 *
 * @param folder the tests: `onnx/backend/test/data/node` of the PyPI package `onnx`
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { differentiate } from '../../../src/autodiff/index.ts';
import { random } from '../../../src/data/random.ts';
import { HarrierError } from '../../../src/errors.ts';
import { ModelProtoSchema, TensorProtoSchema } from '../../../src/onnx/generated/onnx_pb.ts';
import {
  decodeModel,
  encodeModel,
  float32,
  type Model,
  modelOf,
  numbersOf,
  type Tensor,
  type Value,
} from '../../../src/onnx/index.ts';
import { createGraph, importGraph, mul, OPS, reduceSum } from '../../../src/ops/index.ts';
import { lower } from '../../../src/passes/index.ts';
import { nodeRuntime } from '../../../src/platform/node/engine/runtime.ts';
import type { Tensors } from '../../../src/runtime/index.ts';

/** Of float32, relative to the largest element: the tests' own data are rounded, and differences are coarse. */
const VALUE_TOLERANCE = 1e-3;
const GRADIENT_TOLERANCE = 2e-2;
const STEP = 1e-2;
/** A test with more input elements than this has its gradients left out. */
const MOST = 20_000;

const runtime = nodeRuntime({ threads: 1 });

type Outcome = 'right' | 'refused' | 'skipped' | 'wrong';
interface Result {
  readonly outcome: Outcome;
  readonly why?: string;
}
type Part = 'shapes' | 'values' | 'gradients';

/** A tensor of a `.pb` file of its own: read as the one initializer of a model. */
function readTensor(path: string): { name: string; tensor: Tensor } {
  const proto = fromBinary(TensorProtoSchema, readFileSync(path));
  const model = create(ModelProtoSchema, { opsetImport: [{ version: 21n }], graph: { initializer: [proto] } });
  const [[name, tensor]] = decodeModel(toBinary(ModelProtoSchema, model), path).graph.initializers;
  return { name, tensor };
}

function readTensors(folder: string, kind: 'input' | 'output'): Tensor[] {
  const files = readdirSync(folder).filter((file) => file.startsWith(kind));
  const number = (file: string) => Number(/\d+/.exec(file)?.[0]);
  return files.sort((a, b) => number(a) - number(b)).map((file) => readTensor(join(folder, file)).tensor);
}

interface Test {
  readonly model: Model;
  readonly bytes: Uint8Array;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Undefined where the test is not about an op that Harrier knows, or holds types that it does not compute with. */
function readTest(folder: string): Test | undefined {
  try {
    const bytes = readFileSync(join(folder, 'model.onnx'));
    const model = decodeModel(bytes);
    const { nodes } = model.graph;
    if (nodes.some(({ opType, domain }) => domain !== '' || (opType !== 'Constant' && !OPS.has(opType)))) return undefined;
    const data = join(folder, 'test_data_set_0');
    return { model, bytes, inputs: readTensors(data, 'input'), outputs: readTensors(data, 'output') };
  } catch (error) {
    if (error instanceof HarrierError) return undefined;
    throw error;
  }
}

/**
 * Floats are inputs; integers and truths, such as axes, are constants. Where import needs more to be known (scales,
 * limits), all but the first are constants.
 */
function imported(test: Test) {
  try {
    return importedWith(test, (type) => type.startsWith('float'));
  } catch (error) {
    if (!(error instanceof HarrierError) || !/must be a constant/.test(error.message)) throw error;
    return importedWith(test, (type, i) => type.startsWith('float') && i === 0);
  }
}

function importedWith({ model, inputs }: Test, isVariable: (type: string, i: number) => boolean) {
  const graph = createGraph('test');
  const given = model.graph.inputs.filter(({ name }) => name !== '');
  const values: Record<string, Value> = {};
  given.forEach(({ name }, i) => {
    const { type, dims } = inputs[i];
    values[name] = isVariable(type, i) ? graph.input(name, type, dims) : graph.initializer(name, inputs[i]);
  });
  const all = importGraph(graph, model.graph, values);
  const outputs = model.graph.outputs.map(({ name }) => all.get(name)!);
  return { graph, inputs: given.map(({ name }) => values[name]), outputs };
}

function difference(actual: readonly number[], expected: readonly number[]): number {
  const scale = expected.reduce((max, x) => (Number.isFinite(x) ? Math.max(max, Math.abs(x)) : max), 0) || 1;
  return expected.reduce((worst, x, i) => {
    if (Object.is(actual[i], x) || actual[i] === x) return worst;
    const gap = Math.abs(actual[i] - x) / scale;
    return Number.isFinite(gap) ? Math.max(worst, gap) : Number.POSITIVE_INFINITY;
  }, 0);
}

function checkShapes(test: Test): Result {
  const { outputs } = imported(test);
  const wrong = outputs.findIndex((value, i) => value && `${value.shape}` !== `${test.outputs[i].dims}`);
  if (wrong < 0) return { outcome: 'right' };
  return { outcome: 'wrong', why: `output ${wrong}: (${outputs[wrong].shape}) for (${test.outputs[wrong].dims})` };
}

async function checkValues(test: Test): Promise<Result> {
  const { graph, inputs, outputs } = imported(test);
  outputs.forEach((value, i) => graph.output(value, `output${i}`));
  const executable = await runtime.compile(modelOf(lower(graph.build(), 'cpu')));
  try {
    const results = await executable.step(fed(inputs, test.inputs, graph.build().inputs.map(({ name }) => name)));
    const gaps = outputs.map((_, i) => difference(numbersOf(results[`output${i}`]), numbersOf(test.outputs[i])));
    const worst = Math.max(...gaps);
    if (worst <= VALUE_TOLERANCE) return { outcome: 'right' };
    // Some tests ONNX Runtime itself does not pass, as those with random numbers in them.
    const expected = await runtime.compile(test.bytes);
    const fromFile = await expected.step(
      Object.fromEntries(test.model.graph.inputs.map(({ name }, i) => [name, test.inputs[i]])),
    );
    await expected.dispose();
    const same = test.model.graph.outputs.every(
      ({ name }, i) => difference(numbersOf(results[`output${i}`]), numbersOf(fromFile[name])) <= VALUE_TOLERANCE,
    );
    const random = test.model.graph.nodes.some(({ opType }) => opType === 'Dropout');
    return same || random
      ? { outcome: 'skipped', why: 'ONNX Runtime differs' }
      : { outcome: 'wrong', why: `values off by ${worst}` };
  } finally {
    await executable.dispose();
  }
}

function fed(values: readonly Value[], tensors: readonly Tensor[], names: readonly string[]): Tensors {
  return Object.fromEntries(
    values.flatMap(({ name }, i) => (names.includes(name) ? [[name, tensors[i]] as const] : [])),
  );
}

/** Σ y · weights along one random direction, by differentiation and by ONNX Runtime's differences of the test's model. */
async function checkGradients(test: Test, name: string): Promise<Result> {
  const { graph, inputs, outputs } = imported(test);
  const variables = inputs.filter(({ type, constant }) => type === 'float32' && !constant);
  const [y] = outputs;
  if (variables.length === 0 || y.type !== 'float32' || y.shape.includes(0)) return { outcome: 'skipped' };
  if (test.inputs.some(({ data }) => data.length === 0 || data.length > MOST)) return { outcome: 'skipped' };
  const stream = random(1, `node-tests/${name}`);
  const draw = (dims: readonly number[]) =>
    float32(dims, Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => stream.normal()));
  const weights = draw(y.shape.map(Number));
  const factor = graph.initializer('weights', weights);
  const loss = reduceSum(graph, mul(graph, y, factor), y.shape.map((_, axis) => axis), false);
  const gradients = differentiate(graph, loss, variables);
  gradients.forEach((value, i) => graph.output(value, `gradient${i}`));
  const built = graph.build();
  const names = built.inputs.map((input) => input.name);
  const executable = await runtime.compile(modelOf(lower(built, 'cpu')));
  const original = await runtime.compile(encodeModel(test.model));
  try {
    const results = await executable.step(fed(inputs, test.inputs, names));
    const directions = new Map(variables.map((value) => [value.name, draw(value.shape.map(Number))]));
    const along = variables.reduce((sum, { name: variable }, i) => {
      const direction = directions.get(variable)!.data as Float32Array;
      return sum + numbersOf(results[`gradient${i}`]).reduce((total, x, at) => total + x * direction[at], 0);
    }, 0);
    const at = async (step: number): Promise<number> => {
      const moved = inputs.map(({ name: input }, i) => {
        const direction = directions.get(input);
        if (!direction) return test.inputs[i];
        const data = (test.inputs[i].data as Float32Array).map((x, j) => x + step * (direction.data as Float32Array)[j]);
        return float32(test.inputs[i].dims, data);
      });
      const feeds = Object.fromEntries(inputs.map(({ name: input }, i) => [input, moved[i]]));
      const outputsThen = await original.step(feeds);
      const values = numbersOf(outputsThen[test.model.graph.outputs[0].name]);
      return values.reduce((sum, x, i) => sum + x * (weights.data as Float32Array)[i], 0);
    };
    const here = await at(0);
    const [ahead, behind] = [((await at(STEP)) - here) / STEP, (here - (await at(-STEP))) / STEP];
    const slope = (ahead + behind) / 2;
    const size = Math.max(Math.abs(slope), 1);
    // Corners and ties: the slope differs from side to side.
    if (!(Math.abs(ahead - behind) <= 4 * GRADIENT_TOLERANCE * size)) return { outcome: 'skipped', why: 'a corner' };
    if (Math.abs(along - slope) <= 2 * GRADIENT_TOLERANCE * size) return { outcome: 'right' };
    return { outcome: 'wrong', why: `${along} where differences say ${slope}` };
  } finally {
    await executable.dispose();
    await original.dispose();
  }
}

/** A refusal in a sentence is no fault; anything else that is thrown is. */
async function outcomeOf(check: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof HarrierError) return { outcome: 'refused', why: error.message };
    return { outcome: 'wrong', why: String(error) };
  }
}

const [folder, only = ''] = process.argv.slice(2);
if (!folder) {
  console.error('Usage: npx tsx bench/peers/onnx/check.ts FOLDER [NAME]');
  process.exit(2);
}
const counts = new Map<string, number>();
let wrong = 0;
for (const name of readdirSync(folder).sort()) {
  if (!name.includes(only)) continue;
  const test = readTest(join(folder, name));
  if (!test) continue;
  const parts: [Part, () => Result | Promise<Result>][] = [
    ['shapes', () => checkShapes(test)],
    ['values', () => checkValues(test)],
    ['gradients', () => checkGradients(test, name)],
  ];
  for (const [part, check] of parts) {
    const { outcome, why } = await outcomeOf(check);
    const key = `${part} ${outcome}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (outcome === 'wrong') wrong++;
    if (outcome === 'wrong' || (outcome === 'refused' && part !== 'gradients')) console.log(`${name}: ${part} ${outcome}: ${why}`);
  }
}
for (const [key, count] of [...counts].sort()) console.log(`${key}: ${count}`);
process.exitCode = wrong === 0 ? 0 : 1;
