/** What `harrier bench --web` and `--export` measure of Harrier, inside a page. */
import { measureFor, recipeModel, recipeSteps } from '../../../benchmark/index.ts';
import { Classifier } from '../../../models/index.ts';
import {
  type WebRuntime,
  type WebRuntimeOptions,
  webGpuName,
  webRuntime,
} from '../../../platform/web/index.ts';
import { kerasCnn, type Recipe, record } from '../../../recipes/index.ts';
import { SHIPPED_MODEL, type WebMeasurement } from './measurements.ts';

export { firstAnswer, speedsOf } from '../export/in-page.ts';

let runtime: WebRuntime;

/** @returns what it calls itself */
export async function start(options: WebRuntimeOptions): Promise<string> {
  runtime = await webRuntime(options);
  return runtime.gpu ?? `${runtime.threads}`;
}

export const gpuName = webGpuName;

const clock = () => performance.now();

/**
 * @param seconds for each figure; default: those of `measureFor`
 * @returns milliseconds, the median
 */
export async function measureHere(what: WebMeasurement, seconds?: number): Promise<number> {
  const { kind, of, images } = what;
  const recipe = of === 'keras-cnn' ? kerasCnn : record;
  if (kind === 'training') return trainingStep(recipe, images, seconds);
  return inference(of === 'shipped model' ? await shippedModel() : recipeModel(recipe), images, seconds);
}

async function trainingStep(recipe: Recipe, images: number, seconds?: number): Promise<number> {
  const steps = recipeSteps({ ...recipe, batchSize: images, microBatch: undefined }, runtime);
  try {
    return (await measureFor(steps.step, { clock, seconds })).median;
  } finally {
    await steps.dispose();
  }
}

async function inference(
  model: Parameters<typeof Classifier.load>[1],
  images: number,
  seconds?: number,
): Promise<number> {
  const classifier = await Classifier.load(runtime, model);
  const { height, width } = classifier.imageShape;
  const pixels = Uint8Array.from({ length: images * height * width * 3 }, (_, i) => (i * 7919) % 256);
  try {
    return (await measureFor(() => classifier.predict(pixels), { clock, seconds })).median;
  } finally {
    await classifier.dispose();
  }
}

async function shippedModel(): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(SHIPPED_MODEL)).arrayBuffer());
}
