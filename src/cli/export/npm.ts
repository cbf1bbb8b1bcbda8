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
import {
  checkFolder,
  type FolderFiles,
  isBrokenOff,
  jsonIn,
  keepTexts,
  modelToPublish,
  writeFolder,
} from './folder.ts';
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
const MANIFEST = 'package.json';

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
  const before = await manifestBefore(folder, name);
  const known = typeof before?.version === 'string' ? before.version : FIRST_VERSION;
  const files = npmPackageFiles(published, bytes, { name, version: known, code });
  if (before) await keepTexts(folder, files, reporter);
  const version = before && (await isChanged(folder, files)) ? raised(known) : known;
  if (before) files.set(MANIFEST, manifestAfter(before, `${files.get(MANIFEST)}`, version));
  const size = await writeFolder(folder, files);
  if (options.json) {
    reporter.json({ folder, format: 'npm', name, version, bytes: size, files: files.size });
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
  if (version !== known) {
    reporter.print(`version   ${version}, raised from ${known} so that npm installs the new files`);
  }
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
  const manifest = await jsonIn(folder, MANIFEST);
  return isObject(manifest?.harrier) && manifest.harrier.format === 'npm';
}

/** @throws HarrierError `bad-option` where a folder holds another package */
async function checkSameName(folder: string, name: string): Promise<void> {
  const { name: known } = (await jsonIn(folder, MANIFEST)) ?? {};
  if (typeof known !== 'string' || known === name) return;
  throw new HarrierError('bad-option', 'this folder holds another package', {
    where: folder,
    expected: name,
    received: known,
    next: 'Choose another folder with --out, or write into this one with --force.',
  });
}

/** The manifest of an export of before of that name; undefined where the folder holds none. */
async function manifestBefore(folder: string, name: string) {
  const manifest = await jsonIn(folder, MANIFEST);
  return manifest?.name === name && (await isPackage(folder)) ? manifest : undefined;
}

/** Whether an export differs from the one in its folder: an app that has that version would not get the new files. */
async function isChanged(folder: string, files: FolderFiles): Promise<boolean> {
  // Some files may be new already, under the version of before.
  if (await isBrokenOff(folder)) return true;
  for (const [path, content] of files) {
    if (path === MANIFEST) continue;
    const there = await readFile(join(folder, path)).catch(() => undefined);
    if (!there?.equals(Buffer.from(content))) return true;
  }
  return false;
}

/** `1.0.1` after `1.0.0`, and `2.0.0-beta.2` after `2.0.0-beta.1`. */
function raised(version: string): string {
  const [base] = version.split('+');
  return /\d$/.test(base) ? base.replace(/\d+$/, (last) => `${Number(last) + 1}`) : `${base}.1`;
}

/** Fields of a manifest that are Harrier's: all others of an export of before stay. */
const OWN_FIELDS = ['name', 'version', 'description', 'keywords', 'type', 'sideEffects', 'exports', 'types'];
const MADE_FIELDS = [...OWN_FIELDS, 'files', 'peerDependencies', 'peerDependenciesMeta', 'harrier'];

/** A manifest with what the owner of the package has written into the one before: a licence, a registry, an author. */
function manifestAfter(before: object, made: string, version: string): string {
  const own = Object.entries(before).filter(([field]) => !MADE_FIELDS.includes(field));
  const manifest = { ...JSON.parse(made), version, ...Object.fromEntries(own) };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
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
