/** Computes features of images as they come, and fits a head on them: beside the page, with one backbone at a time. */
import { HarrierError } from 'harrier';
import { decodeModel, encodeModel } from 'harrier/graph';
import { answerCalls, Moved } from 'harrier/src/calls.ts';
import { mirrored } from 'harrier/src/data/mirror.ts';
import type { OnProgress } from 'harrier/src/data/progress.ts';
import { ORIGIN_KEY } from 'harrier/src/models/origin.ts';
import { fetchBytes } from 'harrier/src/platform/web/fetch-bytes.ts';
import { type StartingModel, startingModelOf } from 'harrier/src/runs/starting-model.ts';
import { Backbone, decodeImage, openStorage, type WebRuntime, webRuntime } from 'harrier/web';
import { checkClasses } from '../teach/check-classes.ts';
import { type HeadLesson, learnHead } from '../teach/head-lesson.ts';
import type { Job, Outcome, PageBackbone, TaughtImage } from '../teach/messages.ts';
import { pageChannel } from './channel.ts';

/** A backbone that is ready. */
interface Ready {
  readonly hash: string;
  readonly runtime: WebRuntime;
  readonly model: StartingModel;
  readonly backbone: Backbone;
  /** Where the backbone comes from, and its licence: models that are made of it say so too. */
  readonly metadata: Readonly<Record<string, string>>;
}

let ready: Promise<Ready> | undefined;
let wanted: string | undefined;
/** One thing at a time: sessions share the threads of one engine. */
let queue: Promise<unknown> = Promise.resolve();
/** Where nothing can be kept, features live as long as this worker. */
const inMemory = new Map<string, Float32Array>();

const methods = {
  /**
   * Makes sure that the features of an image are known.
   * @returns the milliseconds that this took; undefined where they were known
   */
  look(backbone: PageBackbone, image: TaughtImage, mirrored: boolean): Promise<number | undefined> {
    return alone(async () => {
      const isKnown = (view: View) => read(nameOf(backbone, image, view)).then((each) => each !== undefined);
      const views = viewsOf(mirrored);
      if ((await Promise.all(views.map(isKnown))).every(Boolean)) return undefined;
      const open = await prepared(backbone);
      const started = performance.now();
      for (const view of views) await featuresOf(open, backbone, image, view);
      return (performance.now() - started) / views.length;
    });
  },

  /** Fits a head on the features of all images of a job. */
  teach(
    backbone: PageBackbone,
    job: Job,
    onProgress: OnProgress,
  ): Promise<Moved<{ readonly outcome: Outcome; readonly model: Uint8Array<ArrayBuffer> }>> {
    return alone(async () => {
      checkClasses(job.classes.map(({ name, images }) => ({ name, count: images.length })));
      const started = performance.now();
      const open = await prepared(backbone, onProgress);
      const images = job.classes.flatMap((each, label) => each.images.map((image) => ({ image, label })));
      const views = viewsOf(job.mirrored).map(() => new Float32Array(images.length * open.backbone.size));
      for (const [i, { image }] of images.entries()) {
        for (const [v, view] of viewsOf(job.mirrored).entries()) {
          views[v].set(await featuresOf(open, backbone, image, view), i * open.backbone.size);
        }
        onProgress({ what: 'looking at the images', done: i + 1, total: images.length, unit: 'images' });
      }
      const lesson: HeadLesson = {
        model: open.model,
        views,
        labels: Uint16Array.from(images, ({ label }) => label),
        ids: images.map(({ image }) => image.id),
        bursts: images.map(({ image }) => image.burst),
        classNames: job.classes.map(({ name }) => name.trim()),
        seed: job.seed,
        metadata: open.metadata,
      };
      const learned = await learnHead(open.runtime, lesson, onProgress);
      const model = encodeModel(learned.model) as Uint8Array<ArrayBuffer>;
      const { threads } = open.runtime;
      const outcome: Outcome = {
        job: job.id,
        classNames: lesson.classNames,
        imageShape: [open.backbone.imageShape.height, open.backbone.imageShape.width],
        history: [],
        folds: learned.folds,
        oneRecording: learned.oneRecording,
        heldOut: learned.heldOut,
        engine: `WebAssembly, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
        seconds: (performance.now() - started) / 1000,
      };
      return new Moved({ outcome, model }, [model.buffer]);
    });
  },
};
export type BackboneCalls = typeof methods;

answerCalls(pageChannel, methods);

type View = 'plain' | 'mirrored';
const viewsOf = (mirrored: boolean): readonly View[] => (mirrored ? ['plain', 'mirrored'] : ['plain']);

function alone<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work);
  queue = result.catch(() => {});
  return result;
}

/** @throws HarrierError when it cannot be loaded; the next call tries again */
function prepared(backbone: PageBackbone, onProgress: OnProgress = () => {}): Promise<Ready> {
  if (!ready || wanted !== backbone.hash) {
    wanted = backbone.hash;
    ready = load(backbone, onProgress);
    ready.catch(() => {
      ready = undefined;
    });
  }
  return ready;
}

async function load({ url, name, hash }: PageBackbone, onProgress: OnProgress): Promise<Ready> {
  const bytes = new Uint8Array(await fetchBytes(url, `loading ${name}`, onProgress));
  onProgress({ what: 'starting ONNX Runtime', done: 0, total: 0, unit: 'steps' });
  const runtime = await webRuntime({ backend: 'wasm' });
  const model = startingModelOf(bytes, { name }, name);
  const origin = decodeModel(bytes, name).metadata[ORIGIN_KEY];
  const metadata: Record<string, string> = origin === undefined ? {} : { [ORIGIN_KEY]: origin };
  return { hash, runtime, model, backbone: await Backbone.load(runtime, model), metadata };
}

/** Of one view of an image: as they were kept, else computed and kept. */
async function featuresOf(
  { backbone }: Ready,
  from: PageBackbone,
  image: TaughtImage,
  view: View,
): Promise<Float32Array> {
  const name = nameOf(from, image, view);
  const known = await read(name);
  if (known?.length === backbone.size) return known;
  const pixels = await decodeImage(image.blob, backbone.imageShape, image.name);
  const features = await backbone.features(
    view === 'plain' ? pixels : mirrored(pixels, backbone.imageShape.width),
  );
  await keep(name, features);
  return features;
}

function nameOf({ hash }: PageBackbone, { id }: TaughtImage, view: View): string {
  return `features-${hash.slice(0, 16)}-${view}-${id}`;
}

async function read(name: string): Promise<Float32Array | undefined> {
  const kept = inMemory.get(name);
  if (kept) return kept;
  const bytes = await openStorage('teach')
    .then((storage) => storage.read(name))
    .catch(() => undefined);
  if (!bytes || bytes.byteLength % 4 !== 0) return undefined;
  const features = new Float32Array(bytes.slice().buffer);
  inMemory.set(name, features);
  return features;
}

/** A browser that keeps nothing computes them anew when the page is opened again. */
async function keep(name: string, features: Float32Array): Promise<void> {
  inMemory.set(name, features);
  try {
    await (await openStorage('teach')).write(name, new Uint8Array(features.slice().buffer));
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
  }
}
