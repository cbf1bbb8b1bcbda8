import { HarrierError } from '../errors.ts';
import { type Graph, type Model, modelOf, type Tensor } from '../onnx/index.ts';
import { simplify } from '../passes/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { compareWith } from './divergence.ts';
import { equalized } from './equalize.ts';
import { foldPastPooling } from './fold-past-pooling.ts';
import { type LayerWithWeights, layersOf } from './layers.ts';
import { type Observed, observe } from './observe.ts';
import { affinesOf, type IntegerPlan, planIntegers } from './plan.ts';
import { CALIBRATIONS, type Calibration, rangeOf } from './ranges.ts';
import { inFloats, rankedLayers } from './sensitivity.ts';
import { writeQuantized } from './write-graph.ts';

/** What to do and how: of `quantizeModel`. */
export interface QuantizeOptions {
  /** Images that ranges are read from: batches of the model's input. */
  readonly calibration: readonly Tensor[];
  /** Other images, on which ways are compared: the one whose probabilities stay nearest is taken. */
  readonly comparison: readonly Tensor[];
  /** How ranges are chosen. Default: the best of all on the comparison images. */
  readonly method?: Calibration;
  /** Told what is being done, and how far it is: steps done, of all. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** What became of a model. */
export interface IntegerReport {
  readonly method: Calibration;
  readonly biasCorrection: boolean;
  readonly equalization: boolean;
  /** Layers with weights. */
  readonly layers: number;
  /** Names of those that stay in floats. */
  readonly floats: readonly string[];
  /** Mean Kullback–Leibler divergence of the probabilities on the comparison images, in nats. */
  readonly divergence: number;
}

/**
 * Divergence, in nats, from which on layers are looked for that should stay in floats. Of the models that were tried, those
 * below it name the same class as before for all but one image in some hundreds.
 */
const ACCEPTABLE = 0.0005;
/** Layers stay in floats up to this fraction of all products; each of them costs speed. */
const MOST_IN_FLOATS = 0.1;
/** Products of matrices below this fraction of all stay in floats. */
const SMALL = 0.01;
/** Less is no reason to leave the plainest way. */
const GAIN = 0.95;

interface Way {
  readonly graph: Graph;
  readonly observed: Observed;
  readonly method: Calibration;
  readonly corrected: boolean;
}

/**
 * A finished model that computes in 8-bit integers: static post-training quantisation. Convolutions, matrix products and
 * what lies between them become integer ops in QDQ form, weights with a scale for each output channel.
 *
 * @throws HarrierError `not-supported` for a model without such layers; as the runtime does
 */
export async function quantizeModel(
  model: Model,
  runtime: Runtime,
  options: QuantizeOptions,
): Promise<{ readonly model: Model; readonly report: IntegerReport }> {
  const { calibration, comparison, method, onProgress = () => {} } = options;
  const graph = simplify(foldPastPooling(simplify(model.graph)));
  const layers = layersOf(graph);
  const heads = smallProducts(graph, layers);
  const planWith = (floats: Iterable<string>) => planIntegers(graph, new Set([...heads, ...floats]));
  let full = planWith([]);
  if (layers.length === 0) {
    throw new HarrierError('not-supported', 'this model has no layer that can compute in 8 bits', {
      where: graph.name,
      expected: 'Conv, Gemm or MatMul with float32 weights inside',
      next: 'Use --format onnx-int8, which only stores weights in 8 bits.',
    });
  }
  // What only moves takes the range of its input, unless that stays in floats.
  const names = [...full.ranged, ...full.same.keys()];
  const look = (at: Graph) => {
    let done = 0;
    return observe(at, names, calibration, runtime, () =>
      onProgress('reading ranges', ++done, calibration.length),
    );
  };
  const divergenceOf = await compareWith(modelOf(graph), comparison, runtime);
  const methods = method ? [method] : CALIBRATIONS;
  const steps = methods.length + 2;
  let tried = 0;
  const costOf = async (way: Way, plan: IntegerPlan = full): Promise<number> => {
    onProgress('comparing ways', Math.min(++tried, steps), steps);
    return divergenceOf(modelOf(written(way, plan)));
  };
  let best: Way = { graph, observed: await look(graph), method: methods[0], corrected: false };
  for (const name of unseenLayers(full, best.observed)) heads.add(name);
  full = planWith([]);
  let cost = Number.POSITIVE_INFINITY;
  const consider = async (way: Way, gain: number) => {
    const own = await costOf(way);
    if (own < cost * gain) [best, cost] = [way, own];
  };
  for (const each of methods) await consider({ ...best, method: each }, 1);
  await consider({ ...best, corrected: true }, GAIN);
  const equal = equalized(graph, best.observed.channels);
  if (equal) await consider({ ...best, graph: equal, observed: await look(equal) }, GAIN);
  let plan = full;
  if (cost > ACCEPTABLE) {
    const others = layers.filter(({ name }) => !heads.has(name));
    const ranked = await rankedLayers(
      others,
      async (floats) => divergenceOf(modelOf(written(best, planWith(floats))), 1),
      (done) => onProgress('measuring layers', done, others.length),
    );
    for (const floats of inFloats(ranked, MOST_IN_FLOATS)) {
      const fewer = planWith(floats);
      const own = await costOf(best, fewer);
      if (own < cost * GAIN) [plan, cost] = [fewer, own];
      if (cost <= ACCEPTABLE) break;
    }
  }
  const integers = new Set(plan.units.keys());
  return {
    model: modelOf(written(best, plan), { ...model.metadata }),
    report: {
      method: best.method,
      biasCorrection: best.corrected,
      equalization: best.graph !== graph,
      layers: layers.length,
      floats: layers.map(({ name }) => name).filter((name) => !integers.has(name)),
      divergence: cost,
    },
  };
}

/** Layers whose numbers no image has shown, such as those of a second look that none needed: they stay in floats. */
function unseenLayers({ units }: IntegerPlan, { histograms }: Observed): string[] {
  const isUnseen = (name: string) => histograms.get(name)?.isEmpty === true;
  return [...units].flatMap(([name, { inputs, output }]) =>
    [...inputs, output].some(isUnseen) ? [name] : [],
  );
}

/** Products of matrices that cost no time: in floats, their rounding does not go to the answers. */
function smallProducts(graph: Graph, layers: readonly LayerWithWeights[]): Set<string> {
  const limit = SMALL * layers.reduce((sum, { products }) => sum + products, 0);
  const small = new Set(layers.filter(({ products }) => products < limit).map(({ name }) => name));
  const matrices = graph.nodes.filter(({ opType }) => opType === 'Gemm' || opType === 'MatMul');
  return new Set(matrices.map(({ outputs }) => outputs[0]).filter((name) => small.has(name)));
}

function written({ graph, observed, method, corrected }: Way, plan: IntegerPlan): Graph {
  const affines = affinesOf(plan, (name) => rangeOf(observed.histograms.get(name)!, method));
  const channelMeans = corrected
    ? new Map([...observed.channels].map(([name, { means }]) => [name, means]))
    : undefined;
  return writeQuantized(graph, { units: plan.units, affines, channelMeans });
}
