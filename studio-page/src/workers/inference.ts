// Runs models, so that the page goes on moving while they work.
import { answerCalls } from 'harrier/src/calls.ts';
import type { OnProgress } from 'harrier/src/data/progress.ts';
import { HarrierError } from 'harrier/src/errors.ts';
import { PredictionSets } from 'harrier/src/evaluation/prediction-sets.ts';
import { Embedder, Explainer, FeatureMaps, firstFilters, layersOf } from 'harrier/src/explanation/index.ts';
import { Classifier } from 'harrier/src/models/classifier.ts';
import { keepsContract, UNKNOWN_FROM } from 'harrier/src/models/contract.ts';
import { foreignClassifier } from 'harrier/src/models/foreign/foreign-classifier.ts';
import { decodeModel, type Model } from 'harrier/src/onnx/index.ts';
import { fetchBytes } from 'harrier/src/platform/web/fetch-bytes.ts';
import { isSoftwareGpu } from 'harrier/src/platform/web/gpu.ts';
import { decodeImage, type WebRuntime, webGpuName, webRuntime } from 'harrier/web';
import gpuEngine from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import engine from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { Actions, OpenedModel, WantedBackend } from '../inference/protocol.ts';
import { pageChannel } from './channel.ts';

/** A model that is open, and what of it was asked for so far. */
interface Open {
  readonly runtime: WebRuntime;
  readonly model: Model;
  readonly name: string;
  readonly imageShape: Classifier['imageShape'];
  /** Gives probabilities, and a map where the model has gradients. */
  readonly answerer: Explainer | Classifier;
  readonly sets?: PredictionSets;
  /** Gives probabilities alone, made when it is first asked for. */
  classifier?: Promise<Classifier>;
  embedder?: Promise<Embedder>;
  features?: { readonly key: string; readonly maps: Promise<FeatureMaps> };
}

/** How often the set of an image holds its class. */
const COVERAGE = 0.95;

let open: Open | undefined;

const actions: Actions = {
  async open(source, name, wanted, progress) {
    const bytes =
      'url' in source
        ? new Uint8Array(await fetchBytes(source.url, 'downloading the model', progress))
        : new Uint8Array(await source.file.arrayBuffer());
    const { model, assumed } = byContract(decodeModel(bytes, name), name);
    // What is said of the model comes before ONNX Runtime is fetched for it.
    const layers = layersOf(model, name);
    const { opened, note } = await inTurn(wanted, progress, async (runtime) => {
      progress({ what: 'preparing the model', done: 0, total: 0, unit: 'steps' });
      const made = {
        runtime,
        ...(await answererOf(runtime, model, name)),
      };
      // What a graphics device does not do shows only when it is asked to.
      if (runtime.backend === 'webgpu') await tryOut(made.answerer);
      return made;
    });
    const { runtime, answerer, unexplained } = opened;
    const sets = PredictionSets.read(model.metadata, name);
    await close();
    open = {
      runtime,
      model,
      name,
      answerer,
      ...(sets && { sets }),
      imageShape: answerer.imageShape,
    };
    return {
      name,
      classNames: answerer.classNames,
      ...(answerer.thresholds && { thresholds: answerer.thresholds }),
      imageShape: answerer.imageShape,
      layers,
      backend: runtime.backend,
      engine: engineOf(runtime),
      ...(answerer instanceof Explainer && { explainedLayer: answerer.layer }),
      ...(unexplained !== undefined && { unexplained }),
      ...((note !== undefined || assumed.length > 0) && {
        note: [...assumed, ...(note === undefined ? [] : [note])].join(' '),
      }),
    } satisfies OpenedModel;
  },

  decode(file, where) {
    return decodeImage(file, opened().imageShape, where);
  },

  async answer(file, where) {
    const { runtime, model, name, imageShape } = opened();
    opened().classifier ??= Classifier.load(runtime, model, name);
    const classifier = await opened().classifier!;
    const { probabilities, unknown } = await classifier.answer(await decodeImage(file, imageShape, where));
    return { probabilities, ...(unknown && { isUnknown: unknown[0] > UNKNOWN_FROM }) };
  },

  async explain(pixels, classIndex) {
    const { answerer, sets } = opened();
    const start = performance.now();
    const limits = (probabilities: Float32Array, unknown: number | undefined) => ({
      ...(unknown !== undefined && { isUnknown: unknown > UNKNOWN_FROM }),
      ...(sets &&
        sets.mostCoverage >= COVERAGE && {
          set: { classes: sets.setOf(probabilities, { coverage: COVERAGE }), coverage: COVERAGE },
        }),
      milliseconds: performance.now() - start,
    });
    if (answerer instanceof Explainer) {
      const {
        probabilities,
        unknown,
        classIndex: explained,
        ...map
      } = await answerer.explain(pixels, classIndex);
      return { probabilities, classIndex: explained, map, ...limits(probabilities, unknown) };
    }
    const { probabilities, unknown } = await answerer.answer(pixels);
    const best = probabilities.indexOf(Math.max(...probabilities));
    return { probabilities, classIndex: classIndex ?? best, ...limits(probabilities, unknown?.[0]) };
  },

  async embed(pixels) {
    const { runtime, model, name } = opened();
    opened().embedder ??= Embedder.load(runtime, model, name);
    return (await opened().embedder!).embed(pixels);
  },

  async features(pixels, layers) {
    const current = opened();
    const key = layers.join('\n');
    if (current.features?.key !== key) {
      const before = current.features;
      current.features = {
        key,
        maps: FeatureMaps.load(current.runtime, current.model, layers, current.name),
      };
      (await before?.maps.catch(() => undefined))?.dispose();
    }
    return (await current.features.maps).of(pixels);
  },

  filters() {
    const { runtime, model, name } = opened();
    return firstFilters(runtime, model, name);
  },
};

function opened(): Open {
  if (open) return open;
  throw new HarrierError('bad-option', 'no model is open', { next: 'Choose one.' });
}

async function close(): Promise<void> {
  const before = open;
  open = undefined;
  await before?.answerer.dispose();
  (await before?.classifier?.catch(() => undefined))?.dispose();
  (await before?.embedder?.catch(() => undefined))?.dispose();
  (await before?.features?.maps.catch(() => undefined))?.dispose();
}

/** A model as it is, or a classifier of another program by Harrier's contract, with what was assumed of it. */
function byContract(model: Model, where: string): { model: Model; assumed: readonly string[] } {
  return keepsContract(model.graph) ? { model, assumed: [] } : foreignClassifier(model, {}, { where });
}

/** With explanations where the model has gradients; else why there are none. */
async function answererOf(runtime: WebRuntime, model: Model, name: string) {
  try {
    return { answerer: await Explainer.load(runtime, model, { where: name }) };
  } catch (error) {
    if (!(error instanceof HarrierError) || error.code !== 'not-supported') throw error;
    // Throws itself when it is no classifier at all.
    return { answerer: await Classifier.load(runtime, model, name), unexplained: error.message };
  }
}

async function tryOut(answerer: Explainer | Classifier): Promise<void> {
  const { height, width, channels } = answerer.imageShape;
  const nothing = new Uint8Array(height * width * channels);
  await (answerer instanceof Explainer ? answerer.explain(nothing) : answerer.predict(nothing));
}

/** Tries the graphics device first, where that is wanted, and the processor where it does not do. */
async function inTurn<T>(
  wanted: WantedBackend,
  onProgress: OnProgress,
  work: (runtime: WebRuntime) => Promise<T>,
): Promise<{ opened: T; note?: string }> {
  const gpu = wanted === 'wasm' ? undefined : await webGpuName();
  let note: string | undefined;
  if (wanted === 'webgpu' && gpu === undefined) {
    note = 'This browser has no WebGPU, or no graphics device for it.';
  }
  if (gpu !== undefined && (wanted === 'webgpu' || !isSoftwareGpu(gpu))) {
    try {
      return {
        opened: await work(
          await webRuntime({ backend: 'webgpu', wasmPaths: { wasm: gpuEngine }, onProgress }),
        ),
      };
    } catch (error) {
      if (error instanceof HarrierError && error.code === 'network') throw error;
      note = `It does not run on the graphics device: ${error instanceof Error ? error.message : error}`;
    }
  }
  return {
    opened: await work(await webRuntime({ backend: 'wasm', wasmPaths: { wasm: engine }, onProgress })),
    ...(note !== undefined && { note }),
  };
}

function engineOf({ backend, gpu, threads }: WebRuntime): string {
  if (backend === 'webgpu') return `WebGPU (${gpu})`;
  return `WebAssembly, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

// One after another: a model is opened before it is asked.
answerCalls(pageChannel, actions, { inTurn: true });
