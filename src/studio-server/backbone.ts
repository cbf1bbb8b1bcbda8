import { stat } from 'node:fs/promises';
import { CATALOGUE, licenseWarning } from '../backbones/index.ts';
import { preprocessingMetadata } from '../data/preprocessing.ts';
import { exportModel, ORIGIN_KEY, originText, withoutHead, withStoredWeights } from '../models/index.ts';
import { encodeModel } from '../onnx/index.ts';
import type { FetchedModel } from '../platform/node/backbones/fetch-model.ts';
import { cachedUnder } from '../platform/node/backbones/wanted-model.ts';
import { fetchedStartingModel } from '../platform/node/runs/starting-model.ts';
import type { StartingModel } from '../runs/starting-model.ts';
import type { BackboneInfo } from './api.ts';

/** A backbone as pages load it. */
export interface ServedBackbone {
  readonly info: BackboneInfo;
  /** A `model.onnx` by Harrier's contract, its weights in 16 bits: half as much to load. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A pretrained model as pages load it.
 * @throws HarrierError as `fetchedStartingModel` and `exportModel` do
 */
export async function backboneForPages(fetched: FetchedModel): Promise<ServedBackbone> {
  const model = await fetchedStartingModel(fetched);
  const { network, weights, preprocessing } = model;
  const exported = exportModel(network, weights, {
    ...preprocessingMetadata(preprocessing),
    [ORIGIN_KEY]: originText(model),
  });
  const bytes = Uint8Array.from(encodeModel(withStoredWeights(exported, 'float16')));
  return { info: infoOf(model, fetched, bytes.length), bytes };
}

function infoOf(model: StartingModel, { entry }: FetchedModel, bytes: number): BackboneInfo {
  const { name, hash, source, network } = model;
  const [height, width] = network.inputShape;
  const warning = licenseWarning(name, source?.license, entry?.licenseNote);
  return {
    name,
    hash,
    ...(source?.license && { license: source.license }),
    ...(warning && { warning }),
    imageSize: [height, width],
    features: withoutHead(model).network.outputSize,
    bytes,
  };
}

/** The backbone that pages teach with: the first of the catalogue that is in the cache. */
export class BackboneLibrary {
  #served: { readonly file: string; readonly made: Promise<ServedBackbone> } | undefined;

  /** Made anew the next time if it fails now. */
  #serve(cached: FetchedModel): Promise<ServedBackbone> {
    const made = backboneForPages(cached);
    const served = { file: cached.file, made };
    this.#served = served;
    made.catch(() => {
      if (this.#served === served) this.#served = undefined;
    });
    return made;
  }

  /** Undefined where the cache has none. One that is fetched while the server runs is found. */
  async find(): Promise<ServedBackbone | undefined> {
    const cached = await newestCached();
    if (!cached) return undefined;
    if (this.#served?.file !== cached.file || !(await stat(cached.file).catch(() => undefined))) {
      return this.#serve(cached);
    }
    return this.#served.made;
  }
}

async function newestCached(): Promise<FetchedModel | undefined> {
  for (const entry of CATALOGUE) {
    const newest = (await cachedUnder(entry.name)).at(-1);
    if (newest) return { ...newest, name: entry.name, entry };
  }
  return undefined;
}
