/** Trains in a worker of its own, so that the page goes on moving. It ends with the training. */

import { Classifier, HarrierError, memoryDataset, type StepProgress } from 'harrier';
import { decodeModel, encodeModel, trainedNetwork } from 'harrier/graph';
import { plainError } from 'harrier/src/plain-error.ts';
import { fetchBytes } from 'harrier/src/platform/web/fetch-bytes.ts';
import { quick } from 'harrier/src/recipes/index.ts';
import { stepInfo } from 'harrier/src/training/step-info.ts';
import { decodeImage, openStorage, type WebRuntime, webGpuName, webRuntime, withTabLock } from 'harrier/web';
import { checkClasses } from '../teach/check-classes.ts';
import { CheckpointFiles } from '../teach/checkpoints.ts';
import { type Learned, learn } from '../teach/lesson.ts';
import type { FromTeacher, Job, Outcome, ToTeacher } from '../teach/messages.ts';

const say = (message: FromTeacher, transfer: Transferable[] = []) => postMessage(message, { transfer });
let paused = false;

addEventListener('message', ({ data }: MessageEvent<ToTeacher>) => {
  if (data.type === 'pause') paused = true;
  else void train(data.job, data.resume);
});

async function train(job: Job, resume: boolean): Promise<void> {
  try {
    checkClasses(job.classes.map(({ name, images }) => ({ name, count: images.length })));
    await withTabLock('teach', 'training', () => trainAlone(job, resume));
  } catch (error) {
    say({ type: 'failed', error: plainError(error) });
  }
}

async function trainAlone(job: Job, resume: boolean): Promise<void> {
  const started = performance.now();
  const from = job.way === 'scratch' ? undefined : await base(job.from!);
  const [height, width] = from?.network.inputShape ?? [quick.imageSize, quick.imageSize];
  const dataset = await datasetOf(job, height, width);
  say({ type: 'progress', progress: { what: 'starting ONNX Runtime', done: 0, total: 0, unit: 'steps' } });
  let runtime = await runtimeFor(job);
  const { files, resumed } = await checkpointsOf(job, resume);
  say({ type: 'progress', progress: { what: 'preparing the network', done: 0, total: 0, unit: 'steps' } });
  const learned = await learn(
    { dataset, way: job.way, from, epochs: job.epochs, mirrored: job.mirrored, seed: job.seed },
    {
      runtime,
      ...(runtime.backend === 'webgpu' && {
        fallback: async () => {
          say({
            type: 'note',
            note: 'The graphics card has failed, or the browser took it away. The training goes on from its last checkpoint, on the processor.',
          });
          runtime = await engine('wasm');
          return runtime;
        },
      }),
      resume: resumed,
      onStep: atMostEvery(100, sayStep),
      onEpoch: (record) => say({ type: 'epoch', record }),
      save: async (checkpoint, best) => files?.save(checkpoint, best, paused),
      paused: () => paused,
      breathe,
      clock: () => performance.now(),
    },
  );
  if (!learned) {
    say({ type: 'paused' });
    return;
  }
  const model = encodeModel(learned.model) as Uint8Array<ArrayBuffer>;
  const outcome = await judged(job, learned, model, runtime, (performance.now() - started) / 1000);
  await files?.remove();
  say({ type: 'done', outcome, model }, [model.buffer]);
}

/** What is fine-tuned. */
async function base(address: string) {
  const bytes = await fetchBytes(address, 'loading the model to start from', (progress) =>
    say({ type: 'progress', progress }),
  );
  return trainedNetwork(
    decodeModel(new Uint8Array(bytes), 'the model to start from'),
    'the model to start from',
  );
}

async function datasetOf({ classes }: Job, height: number, width: number) {
  const all = classes.flatMap(({ images }, label) => images.map((image) => ({ ...image, label })));
  const bytes = height * width * 3;
  const pixels = new Uint8Array(all.length * bytes);
  for (const [i, { blob, name }] of all.entries()) {
    pixels.set(await decodeImage(blob, { height, width, channels: 3 }, name), i * bytes);
    say({
      type: 'progress',
      progress: { what: 'reading the images', done: i + 1, total: all.length, unit: 'images' },
    });
  }
  return memoryDataset({
    name: 'your images',
    classNames: classes.map(({ name }) => name.trim()),
    imageShape: { height, width, channels: 3 },
    labels: all.map(({ label }) => label),
    pixels,
    // Held-out images are found again by it.
    describe: (index) => all[index].id,
  });
}

/** A device that a processor only pretends to be is slower than the processor itself. */
const PRETENDED = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

async function runtimeFor({ backend, way }: Job): Promise<WebRuntime> {
  const gpu = backend === 'wasm' ? undefined : await webGpuName().catch(() => undefined);
  // Muon, by which a network is trained from scratch, has no form on the graphics card yet.
  const suits = gpu !== undefined && way !== 'scratch' && (backend === 'webgpu' || !PRETENDED.test(gpu));
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

/** Where checkpoints are kept. A browser that keeps nothing is no reason not to train. */
async function checkpointsOf(job: Job, resume: boolean) {
  try {
    const files = new CheckpointFiles(await openStorage('teach'), job.id, (error) =>
      say({
        type: 'note',
        note: `Checkpoints of this training cannot be kept, so it is lost if you leave the page. ${messageOf(error)}`,
      }),
    );
    const resumed = resume ? await files.read() : undefined;
    return { files, resumed };
  } catch (error) {
    // A checkpoint that is damaged or of something else; a new training makes a new one.
    if (error instanceof HarrierError && error.code === 'storage' && !resume) return { files: undefined };
    throw error;
  }
}

async function judged(
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
  return {
    job: job.id,
    classNames: heldOut.classNames,
    imageShape: [height, width],
    history,
    ...(bestEpoch !== undefined && { bestEpoch }),
    heldOut: Array.from(heldOut.labels, (label, i) => ({
      id: heldOut.describe(i),
      label,
      probabilities: [...probabilities.subarray(i * classes, (i + 1) * classes)],
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

const { port1, port2 } = new MessageChannel();

/** Lets messages in: ONNX Runtime's promises alone never do. Timers would take milliseconds each. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });
}
