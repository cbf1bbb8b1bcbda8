/** Trains in a worker of its own, so that the page goes on moving. It ends with the training. */

import { Classifier, HarrierError, memoryDataset, openBatches, type StepProgress } from 'harrier';
import { encodeModel } from 'harrier/graph';
import type { OpenBatches } from 'harrier/src/data/batches.ts';
import { type ImageInput, imageBytes, imageInput } from 'harrier/src/data/dataset.ts';
import { STRETCHED } from 'harrier/src/data/preprocessing.ts';
import { plainError } from 'harrier/src/plain-error.ts';
import { fetchBytes } from 'harrier/src/platform/web/fetch-bytes.ts';
import { isSoftwareGpu } from 'harrier/src/platform/web/gpu.ts';
import { type StorageRunOptions, StorageRunStore } from 'harrier/src/platform/web/storage-run-store.ts';
import { quick } from 'harrier/src/recipes/index.ts';
import { checkpointsOf, removeCheckpoints } from 'harrier/src/runs/checkpoints.ts';
import { type StartingModel, startingModelOf } from 'harrier/src/runs/starting-model.ts';
import { RUN_FILES, StoredRun } from 'harrier/src/runs/stored-run.ts';
import { stepInfo } from 'harrier/src/training/step-info.ts';
import { decodeImage, openStorage, type WebRuntime, webGpuName, webRuntime, withTabLock } from 'harrier/web';
import { recordedTogether } from '../teach/belonging.ts';
import { checkClasses } from '../teach/check-classes.ts';
import { type Learned, type Lesson, learn } from '../teach/lesson.ts';
import { type FromTeacher, type Job, type Outcome, TEACH_LOCK, type ToTeacher } from '../teach/messages.ts';

const say = (message: FromTeacher, transfer: Transferable[] = []) => postMessage(message, { transfer });
let paused = false;
/** Whether a pause can keep where the training stands: else there is none. */
let canPause = true;

/** Seconds between checkpoints: they are large, and epochs of few images short. */
const CHECKPOINT_SECONDS = 5;

/** Names of files as trainings that were paused long ago have them. */
const STORE: StorageRunOptions = {
  lock: TEACH_LOCK,
  doing: 'training',
  names: {
    [RUN_FILES.last]: 'checkpoint-last.safetensors',
    [RUN_FILES.best]: 'checkpoint-best.safetensors',
    [RUN_FILES.history]: 'checkpoint-history.csv',
  },
};

addEventListener('message', ({ data }: MessageEvent<ToTeacher>) => {
  if (data.type === 'pause') paused = true;
  else void train(data.job, data.resume);
});

async function train(job: Job, resume: boolean): Promise<void> {
  try {
    checkClasses(job.classes.map(({ name, images }) => ({ name, count: images.length })));
    const stored = await storedRun(resume);
    if (!stored) sayUnkept();
    await withTabLock(STORE.lock, STORE.doing, () => trainAlone(job, stored, resume));
  } catch (error) {
    say({ type: 'failed', error: plainError(error) });
  }
}

async function trainAlone(job: Job, stored: StoredRun | undefined, resume: boolean): Promise<void> {
  say({ type: 'begun' });
  const started = performance.now();
  const from = job.way === 'scratch' ? undefined : await base(job.from!);
  const [height, width] = from?.network.inputShape ?? [quick.imageSize, quick.imageSize];
  const shape = imageInput({ height, width, channels: 3 }, from?.preprocessing ?? STRETCHED);
  const dataset = await datasetOf(job, shape);
  say({ type: 'progress', progress: { what: 'starting ONNX Runtime', done: 0, total: 0, unit: 'steps' } });
  let runtime = await runtimeFor(job);
  // Those of a training before: this one has none yet.
  if (!resume && stored) await removeCheckpoints(stored).catch(() => {});
  const kept = resume ? stored && (await checkpointsOf(stored, job.id, undefined, sayNote)) : undefined;
  say({ type: 'progress', progress: { what: 'preparing the network', done: 0, total: 0, unit: 'steps' } });
  const learned = await learn(
    {
      dataset,
      way: job.way as Lesson['way'],
      from,
      epochs: job.epochs,
      mirrored: job.mirrored,
      seed: job.seed,
    },
    {
      runtime,
      ...(runtime.backend === 'webgpu' && {
        fallback: async () => {
          sayNote(
            'The graphics device was lost. Training continues from its last checkpoint, on the processor.',
          );
          runtime = await engine('wasm');
          return runtime;
        },
      }),
      checkpoints: { id: job.id, stored, kept },
      leastSeconds: CHECKPOINT_SECONDS,
      onUnsaved: (error) => {
        sayUnkept();
        sayNote(
          `Checkpoints of this training cannot be kept, so it is lost if you leave the page. ${messageOf(error)}`,
        );
      },
      onStep: atMostEvery(100, sayStep),
      onEpoch: (record) => say({ type: 'epoch', record }),
      interrupted: () => paused && canPause,
      openBatches: () => breathing,
      clock: () => performance.now(),
    },
  );
  if (!learned) {
    say({ type: 'paused' });
    return;
  }
  const model = encodeModel(learned.model) as Uint8Array<ArrayBuffer>;
  const outcome = await evaluated(job, learned, model, runtime, (performance.now() - started) / 1000);
  // Whoever keeps the model removes the checkpoints after that.
  say({ type: 'done', outcome, model }, [model.buffer]);
}

function sayUnkept(): void {
  canPause = false;
  say({ type: 'unkept' });
}

function sayNote(note: string): void {
  say({ type: 'note', note });
}

/** What is fine-tuned. */
async function base(address: string): Promise<StartingModel> {
  const bytes = await fetchBytes(address, 'loading the model to start from', (progress) =>
    say({ type: 'progress', progress }),
  );
  const name = 'the model to start from';
  return startingModelOf(new Uint8Array(bytes), { name }, name);
}

function togetherIn(classes: Job['classes']) {
  return recordedTogether({
    labels: classes.flatMap(({ images }, label) => images.map(() => label)),
    bursts: classes.flatMap(({ images }) => images.map(({ burst }) => burst)),
  });
}

async function datasetOf({ classes, isApart }: Job, imageShape: ImageInput) {
  const all = classes.flatMap(({ images }, label) => images.map((image) => ({ ...image, label })));
  const bytes = imageBytes(imageShape);
  const pixels = new Uint8Array(all.length * bytes);
  for (const [i, { blob, name }] of all.entries()) {
    pixels.set(await decodeImage(blob, imageShape, name), i * bytes);
    say({
      type: 'progress',
      progress: { what: 'reading the images', done: i + 1, total: all.length, unit: 'images' },
    });
  }
  return memoryDataset({
    name: 'your images',
    classNames: classes.map(({ name }) => name.trim()),
    imageShape,
    labels: all.map(({ label }) => label),
    pixels,
    // What was recorded together is held out together.
    ...(isApart && { copies: togetherIn(classes).copies }),
    // Held-out images are found again by it.
    describe: (index) => all[index].id,
  });
}

async function runtimeFor({ backend }: Job): Promise<WebRuntime> {
  const gpu = backend === 'wasm' ? undefined : await webGpuName().catch(() => undefined);
  const suits = gpu !== undefined && (backend === 'webgpu' || !isSoftwareGpu(gpu));
  if (!suits) return engine('wasm');
  try {
    return await engine('webgpu');
  } catch (error) {
    say({
      type: 'note',
      note: `The graphics card cannot be used, so the processor trains. ${messageOf(error)}`,
    });
    return engine('wasm');
  }
}

async function engine(backend: 'wasm' | 'webgpu'): Promise<WebRuntime> {
  const runtime = await webRuntime({ backend });
  const threads = runtime.threads === 1 ? '1 thread' : `${runtime.threads} threads`;
  say({
    type: 'engine',
    engine: backend === 'webgpu' ? `WebGPU (${runtime.gpu})` : `WebAssembly, ${threads}`,
  });
  return runtime;
}

/**
 * Where checkpoints are kept. A browser that keeps nothing is no reason not to train.
 * @throws HarrierError `storage` where a training is to be resumed
 */
async function storedRun(resume: boolean): Promise<StoredRun | undefined> {
  try {
    return new StoredRun(new StorageRunStore(await openStorage('teach'), STORE));
  } catch (error) {
    if (error instanceof HarrierError && error.code === 'storage' && !resume) return undefined;
    throw error;
  }
}

async function evaluated(
  job: Job,
  { heldOut, history, bestEpoch }: Learned,
  model: Uint8Array,
  runtime: WebRuntime,
  seconds: number,
): Promise<Outcome> {
  const classifier = await Classifier.load(runtime, model);
  const probabilities = await classifier.predictImages(heldOut);
  await classifier.dispose();
  const classes = heldOut.classNames.length;
  const { height, width } = heldOut.imageShape;
  const oneRecording = togetherIn(job.classes).oneRecording.map((label) => heldOut.classNames[label]);
  return {
    job: job.id,
    classNames: heldOut.classNames,
    imageShape: [height, width],
    history,
    ...(bestEpoch !== undefined && { bestEpoch }),
    ...(oneRecording.length > 0 && { oneRecording }),
    heldOut: Array.from(heldOut.labels, (label, i) => ({
      id: heldOut.describe(i),
      label,
      probabilities: [...probabilities.subarray(i * classes, (i + 1) * classes)],
      ...(heldOut.copies && { group: heldOut.copies[i] }),
    })),
    engine: runtime.name,
    seconds,
  };
}

/** Steps are counted over all epochs: those of few images are over at once. */
function sayStep(progress: StepProgress): void {
  const { epoch, epochs, step, steps } = progress;
  say({
    type: 'step',
    step: { ...stepInfo(progress), step: (epoch - 1) * steps + step, steps: epochs * steps },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function atMostEvery<T>(milliseconds: number, act: (value: T) => void): (value: T) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (value) => {
    const now = performance.now();
    if (now - last < milliseconds) return;
    last = now;
    act(value);
  };
}

/** Batches as they are, with a rest before each. */
const breathing: OpenBatches = (plan) => {
  const source = openBatches(plan);
  return {
    close: () => source.close(),
    async batch(epoch, step) {
      await breathe();
      return source.batch(epoch, step);
    },
  };
};

const { port1, port2 } = new MessageChannel();

/** Lets messages in: ONNX Runtime's promises alone never do. Timers would take milliseconds each. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });
}
