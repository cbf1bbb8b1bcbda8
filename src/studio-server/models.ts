import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CLASS_NAMES_KEY } from '../models/index.ts';
import { decodeModel } from '../onnx/index.ts';
import { shippedModel } from '../platform/node/runs/shipped-model.ts';
import type { ModelInfo } from './api.ts';
import { notFound } from './respond.ts';
import type { RunLibrary } from './training/run-library.ts';

/** A model that may be asked for, and where it lies. */
export interface ServedModel {
  readonly info: ModelInfo;
  readonly path: string;
}

/** The models that a page can run: the one that comes with Harrier, and those of finished runs. */
export class ModelLibrary {
  readonly #runs: RunLibrary | undefined;
  #shipped: Promise<ServedModel | undefined> | undefined;

  constructor(runs?: RunLibrary) {
    this.#runs = runs;
  }

  /** The shipped one first, then the newest run's. */
  async list(): Promise<ServedModel[]> {
    const shipped = await this.shipped();
    const runs = (await this.#runs?.list()) ?? [];
    const own = await Promise.all(runs.map(({ id, hasModel }) => (hasModel ? this.#ofRun(id) : undefined)));
    return [shipped, ...own].filter((model) => model !== undefined);
  }

  /** @throws HarrierError `not-found` */
  async find(id: string): Promise<ServedModel> {
    const shipped = await this.shipped();
    if (shipped?.info.id === id) return shipped;
    return (await this.#ofRun(id)) ?? notFound('model', id);
  }

  shipped(): Promise<ServedModel | undefined> {
    this.#shipped ??= readShipped();
    return this.#shipped;
  }

  async #ofRun(id: string): Promise<ServedModel | undefined> {
    const view = await this.#runs?.view(id).catch(() => undefined);
    const record = view?.record;
    if (!view || !record?.result) return undefined;
    const path = view.folder.file('model');
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) return undefined;
    const { classNames, imageShape } = record.data;
    const name = view.about.name ?? basename(view.folder.path);
    const accuracy = record.result.testAccuracy;
    return { path, info: { id, name, classNames, imageShape, source: 'run', bytes: info.size, accuracy } };
  }
}

async function readShipped(): Promise<ServedModel | undefined> {
  const path = await shippedModel();
  if (path === undefined) return undefined;
  const bytes = await readFile(path);
  const { graph, metadata } = decodeModel(bytes, path);
  const [, height, width, channels] = graph.inputs[0].shape.map(Number);
  const name = basename(path, '.onnx');
  const accuracy = metadata['harrier.testAccuracy'];
  return {
    path,
    info: {
      // No run is called so: a run's name has a time in it, or its owner's choice of words.
      id: `shipped-${name}`,
      name,
      classNames: JSON.parse(metadata[CLASS_NAMES_KEY] ?? '[]'),
      imageShape: { height, width, channels },
      source: 'shipped',
      bytes: bytes.length,
      ...(accuracy !== undefined && { accuracy: Number(accuracy) }),
    },
  };
}
