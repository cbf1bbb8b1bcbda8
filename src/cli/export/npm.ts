import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarrierError } from '../../errors.ts';
import { formatBytes, formatQuantity } from '../../format/format.ts';
import { isObject } from '../../options/values.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { npmPackageFiles, type RunCode } from '../../publishing/npm-package.ts';
import { checkPackageName } from '../../publishing/package-name.ts';
import { type BuiltPart, built } from '../built.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { checkFolder, jsonIn, keepTexts, modelToPublish, writeFolder } from './folder.ts';
import type { ExportCommandOptions } from './formats.ts';

/** Of Harrier's package, in a checkout as when installed. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The bundles of `harrier/run`. */
const RUN: BuiltPart = {
  what: 'the code that runs models',
  script: 'build-run.js',
  folder: 'dist/bundle/run',
  file: 'node.js',
  sources: ['src', 'package.json'],
};
const TYPES = 'types.d.ts';
const FIRST_VERSION = '1.0.0';

/** `harrier export --format npm`. */
export async function exportNpmPackage(
  source: ModelSource,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<void> {
  const name = checkedName(options.name);
  const folder = resolve(options.out ?? basename(name));
  if (folder === dirname(source.modelFile)) {
    throw new HarrierError('bad-option', 'the package would be written into the folder of its model', {
      where: folder,
      next: 'Choose another folder with --out.',
    });
  }
  await checkFolder(folder, isPackage, options.force);
  if (!options.force) await checkSameName(folder, name);
  const code = await runCode(await built(RUN, reporter));
  const { published, bytes } = await modelToPublish(source, options, reporter);
  const version = (await versionIn(folder, name)) ?? FIRST_VERSION;
  const files = npmPackageFiles(published, bytes, { name, version, code });
  await keepOwn(folder, name, files, reporter);
  const size = await writeFolder(folder, files);
  if (options.json) {
    reporter.json({ folder, format: 'npm', name, bytes: size, files: files.size });
    return;
  }
  const { style } = reporter;
  const place = shortPath(folder);
  // npm takes a bare name for a package of the registry.
  const isPath = isAbsolute(place) || place.startsWith(`..${sep}`);
  const target = shellQuote(isPath ? place : `./${place}`);
  reporter.print(style.strong(place));
  reporter.print(
    `package   ${name}, ${formatBytes(size)}, ${formatQuantity(published.classNames.length, 'class', 'classes')}`,
  );
  reporter.print(style.faint(`Use it: npm install --install-links ${target} onnxruntime-web`));
  reporter.print(style.faint(`Check LICENSE.md, then publish it: npm publish ${target}`));
}

/** @throws HarrierError `bad-option` where there is no name, or npm refuses it */
function checkedName(name: string | undefined): string {
  if (name === undefined) {
    throw new HarrierError('bad-option', 'a package needs a name', {
      where: '--format npm',
      next: 'Name it: --name @acme/parts',
    });
  }
  return checkPackageName(name, `--name ${name}`);
}

async function isPackage(folder: string): Promise<boolean> {
  const manifest = await jsonIn(folder, 'package.json');
  return isObject(manifest?.harrier) && manifest.harrier.format === 'npm';
}

/** @throws HarrierError `bad-option` where a folder holds another package */
async function checkSameName(folder: string, name: string): Promise<void> {
  const { name: known } = (await jsonIn(folder, 'package.json')) ?? {};
  if (typeof known !== 'string' || known === name) return;
  throw new HarrierError('bad-option', 'this folder holds another package', {
    where: folder,
    expected: name,
    received: known,
    next: 'Choose another folder with --out, or write into this one with --force.',
  });
}

/** The version of an export of before of that name, which `npm version` may have raised. */
async function versionIn(folder: string, name: string): Promise<string | undefined> {
  const { name: known, version } = (await jsonIn(folder, 'package.json')) ?? {};
  const isSame = known === name && (await isPackage(folder));
  return typeof version === 'string' && isSame ? version : undefined;
}

/** Fields of a manifest that are Harrier's: all others of an export of before stay. */
const OWN_FIELDS = ['name', 'version', 'description', 'keywords', 'type', 'sideEffects', 'exports', 'types'];
const MADE_FIELDS = [...OWN_FIELDS, 'files', 'peerDependencies', 'peerDependenciesMeta', 'harrier'];

/** What the owner of a package has written into it since its last export: a licence, a text, a registry, an author. */
async function keepOwn(
  folder: string,
  name: string,
  files: Map<string, string | Uint8Array>,
  reporter: Reporter,
): Promise<void> {
  const before = await jsonIn(folder, 'package.json');
  if (before?.name !== name || !(await isPackage(folder))) return;
  const own = Object.entries(before).filter(([field]) => !MADE_FIELDS.includes(field));
  const made = JSON.parse(`${files.get('package.json')}`) as object;
  files.set('package.json', `${JSON.stringify({ ...made, ...Object.fromEntries(own) }, undefined, 2)}\n`);
  await keepTexts(folder, files, reporter);
}

/** The code that a package carries. */
async function runCode(bundle: string): Promise<RunCode> {
  const text = (name: string) => readFile(join(bundle, name), 'utf8');
  const names = (await readdir(bundle)).filter((each) => each !== TYPES);
  return {
    version: HARRIER_VERSION,
    license: await readFile(join(ROOT, 'LICENSE'), 'utf8'),
    types: await text(TYPES),
    files: Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await text(name)] as const)),
    ),
  };
}
