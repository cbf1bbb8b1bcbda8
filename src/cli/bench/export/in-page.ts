/** What `harrier bench --export` measures inside a page. */
import type { ImageInput } from '../../../data/dataset.ts';
import { Classifier } from '../../../models/index.ts';
import { type Backend, webRuntime } from '../../../platform/web/index.ts';
import { loadClassifier } from '../../../platform/web/run.ts';
import { type FormSpeed, measureSpeeds, somePixels } from './measure.ts';

/** What computes in the page. */
export interface PageEngine {
  readonly backend: Backend;
  /** Default: as many as `harrier/run` takes. */
  readonly threads?: number;
}

/** What a visitor waits for, and what comes over the network meanwhile. */
export interface FirstAnswer {
  /** Milliseconds: ONNX Runtime and the model are fetched and started, and one image is classified. */
  readonly ms: number;
  /** Bytes of the model as they came. */
  readonly bytes: number;
  /** Bytes of ONNX Runtime's WebAssembly as they came. */
  readonly engineBytes: number;
}

/** The first answer of a page that has loaded its own scripts and nothing else: to be called once in a page. */
export async function firstAnswer(
  { backend, threads }: PageEngine,
  address: string,
  imageShape: ImageInput,
): Promise<FirstAnswer> {
  const pixels = somePixels(1, { imageShape });
  const start = performance.now();
  if (backend === 'wasm') {
    const classifier = await loadClassifier(address, { threads });
    await classifier.classify({ ...imageShape, data: pixels });
  } else {
    const [runtime, bytes] = await Promise.all([webRuntime({ backend }), fetchModel(address)]);
    const classifier = await Classifier.load(runtime, bytes);
    await classifier.predict(pixels);
  }
  const ms = performance.now() - start;
  return { ms, bytes: transferred(address), engineBytes: transferred('.wasm') };
}

/** How fast models are in a page. */
export interface PageSpeeds {
  /** Such as `onnxruntime-web 1.30.0 (wasm)`. */
  readonly runtime: string;
  readonly threads: number;
  /** In the order of the models; the reason where one does not run. */
  readonly speeds: readonly (FormSpeed | string)[];
}

/** How fast models are once they are loaded, measured in turns. */
export async function speedsOf(engine: PageEngine, addresses: readonly string[]): Promise<PageSpeeds> {
  const runtime = await webRuntime(engine);
  const loaded: Classifier[] = [];
  const reasons: (string | undefined)[] = [];
  for (const address of addresses) {
    try {
      const classifier = await Classifier.load(runtime, await fetchModel(address));
      await classifier.predict(somePixels(1, classifier));
      loaded.push(classifier);
      reasons.push(undefined);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  const speeds = loaded.length > 0 ? await measureSpeeds(loaded) : [];
  const next = speeds.values();
  return {
    runtime: runtime.name,
    threads: runtime.threads,
    speeds: reasons.map((reason) => reason ?? next.next().value!),
  };
}

async function fetchModel(address: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

/** Bytes that came for addresses with this ending, compressed where the server compresses. */
function transferred(ending: string): number {
  const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
  const ours = entries.filter(({ name }) => name.endsWith(ending));
  return ours.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}
