import { CATALOGUE, DEFAULT_BACKBONE } from '../../backbones/index.ts';
import { cachedUnder } from '../../platform/node/backbones/wanted-model.ts';
import { startingModel } from '../../platform/node/runs/starting-model.ts';
import type { StartingModel } from '../../runs/starting-model.ts';
import type { StartingPoint } from '../api.ts';
import type { ModelLibrary } from '../models.ts';
import { notFound } from '../respond.ts';

/** Models that are kept open: each takes as much memory as its weights. */
const MOST_OPEN = 3;

/** The models that runs may train on: pretrained ones of the cache, the one that comes with Harrier, those of runs. */
export class StartingPoints {
  readonly #models: ModelLibrary;
  readonly #opened = new Map<string, Promise<StartingModel>>();

  constructor(models: ModelLibrary) {
    this.#models = models;
  }

  /** The pretrained ones first, the usual one before the others. */
  async list(): Promise<StartingPoint[]> {
    const cached = await Promise.all(
      CATALOGUE.map(async ({ name }) =>
        (await cachedUnder(name)).length > 0 ? [{ id: name, name, pretrained: true as const }] : [],
      ),
    );
    const own = (await this.#models.list()).map(({ info: { id, name, source } }) => ({
      id,
      name: source === 'shipped' ? `${name}, which comes with Harrier` : name,
    }));
    const isUsual = ({ id }: StartingPoint) => Number(id === DEFAULT_BACKBONE);
    return [...cached.flat().sort((a, b) => isUsual(b) - isUsual(a)), ...own];
  }

  /** What `--from` is given for a model, in words. @throws HarrierError `not-found` */
  async words(id: string): Promise<string[]> {
    if (await this.#isCached(id)) return [`--from=${id}`];
    const { path, info } = await this.#models.find(id);
    return info.source === 'shipped' ? ['--from'] : [`--from=${path}`];
  }

  /**
   * The model with layers and weights.
   *
   * @param imageSize side of the images that it is to take; default: its own
   * @throws HarrierError as `startingModel` does, and `not-found`
   */
  async open(id: string, imageSize?: number): Promise<StartingModel> {
    const given = (await this.#isCached(id)) ? id : await this.#fileOf(id);
    const key = imageSize === undefined ? id : `${id} ${imageSize}`;
    const known = this.#opened.get(key);
    if (known) return known;
    const opening = startingModel(given, { ...(imageSize !== undefined && { imageSize }) });
    this.#opened.set(key, opening);
    opening.catch(() => this.#opened.delete(key));
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > MOST_OPEN) this.#opened.delete(oldest);
    return opening;
  }

  async #fileOf(id: string): Promise<string | undefined> {
    const { path, info } = await this.#models.find(id);
    return info.source === 'shipped' ? undefined : path;
  }

  async #isCached(id: string): Promise<boolean> {
    if (!/^[\w.-]+$/.test(id)) return notFound('model', id);
    return CATALOGUE.some(({ name }) => name === id) && (await cachedUnder(id)).length > 0;
  }
}
