import {
  CATALOGUE,
  catalogueEntry,
  type HubSource,
  modelAddress,
  type WheelSource,
} from '../../../backbones/index.ts';
import { HarrierError, nearestName } from '../../../errors.ts';
import { type CachedModel, cachedModels, modelCache } from './model-cache.ts';

/** What is fetched: where from, and what is known of it. */
export type Wanted =
  | (HubSource & { readonly file: string })
  | WheelSource
  | { readonly kind: 'web'; readonly url: string }
  | OpenHub;
/** A repository of which the file is still to be chosen. */
interface OpenHub extends Omit<HubSource, 'file'> {
  readonly file?: undefined;
}

/** Where a repository has its model, where it has several files. */
export const USUAL: readonly string[] = ['onnx/model.onnx', 'model.onnx'];

/** Where the model of a name may be had, the best place first. @throws HarrierError `not-found` for a text that is no address */
export function wantedBy(name: string): readonly Wanted[] {
  return catalogueEntry(name)?.sources ?? [wantedAddress(name)];
}

/** The models of the cache that a name means, newest last. */
export async function cachedUnder(name: string, environment?: NodeJS.ProcessEnv): Promise<CachedModel[]> {
  const wanted = wantedBy(name);
  const models = await cachedModels(modelCache(environment));
  return models.filter((model) => wanted.some((each) => isOf(model, each, true)));
}

function wantedAddress(name: string): Wanted {
  const address = modelAddress(name);
  if (address) return address as Wanted;
  const near = nearestName(
    name,
    CATALOGUE.map((entry) => entry.name),
  );
  throw new HarrierError('not-found', 'there is no such model', {
    where: name,
    next: `${near ? `Did you mean "${near}"? ` : ''}List them: npx harrier models. Or give an address: hf:OWNER/NAME, https://…`,
  });
}

/** How a record of the cache names a source. */
export function addressOf(source: Wanted): string {
  if (source.kind === 'web') return source.url;
  return source.kind === 'hub' ? `hf:${source.repository}` : `pypi:${source.package}==${source.version}`;
}

/** The newest model of the cache that is wanted, from the best place. */
export async function findCached(cache: string, wanted: readonly Wanted[]): Promise<CachedModel | undefined> {
  const models = await cachedModels(cache);
  for (const each of wanted) {
    const found = models.filter((model) => isOf(model, each)).at(-1);
    if (found) return found;
  }
  return undefined;
}

/** @param anyFile whether an address without a file means all files of its repository, else the one that it is fetched as */
function isOf({ source }: CachedModel, wanted: Wanted, anyFile = false): boolean {
  if (source.address !== addressOf(wanted)) return false;
  if (wanted.kind !== 'hub') return true;
  const { file, revision = 'main' } = wanted;
  const isChosen = anyFile || !source.named || source.path === USUAL[0];
  return (
    (file === undefined ? isChosen : file === source.path) &&
    [source.revision, source.commit, ...(source.alsoAs ?? [])].includes(revision)
  );
}
