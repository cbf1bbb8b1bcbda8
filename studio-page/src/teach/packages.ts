import { gzipSync, type Zippable, zipSync } from 'fflate';
import { decodeModel } from 'harrier/graph';
import { fetchBytes } from 'harrier/src/platform/web/fetch-bytes.ts';
import { hubRepository } from 'harrier/src/publishing/hub-repository.ts';
import { npmPackageFiles, type RunCode } from 'harrier/src/publishing/npm-package.ts';
import { checkPackageName } from 'harrier/src/publishing/package-name.ts';
import { publishedModel } from 'harrier/src/publishing/published-model.ts';
import { createTar } from 'nanotar';
import { folderOf, PACKAGE_VERSION, type PackageOptions } from './package-options.ts';

/** What errors call the model. */
const WHERE = 'the model';
/** What npm itself gives files in tarballs: 26 October 1985. */
const MTIME = 499_162_500_000;

/**
 * The model as a tarball that npm installs.
 * @throws HarrierError `bad-option` when npm refuses the name; `network` when the code cannot be loaded
 */
export async function npmTarball(
  model: Uint8Array,
  { name, estimate, codeUrl }: PackageOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  checkPackageName(name, 'Name');
  const code = await loadCode(codeUrl);
  const published = publishedModel(decodeModel(model, WHERE), undefined, WHERE, estimate);
  const files = npmPackageFiles(published, model, { name, version: PACKAGE_VERSION, code });
  const tar = createTar(
    [...files].map(([path, content]) => ({ name: `package/${path}`, data: content })),
    { attrs: { mtime: MTIME } },
  );
  return gzipSync(tar) as Uint8Array<ArrayBuffer>;
}

/**
 * The model as a zip archive with one folder, which transformers.js loads.
 * @throws HarrierError as `transformersFolder` does; `bad-option` when npm refuses the name
 */
export async function transformersZip(
  model: Uint8Array,
  { name, estimate, codeUrl }: PackageOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  checkPackageName(name, 'Name');
  const { version } = await loadCode(codeUrl);
  const published = publishedModel(decodeModel(model, WHERE), undefined, WHERE, estimate);
  const files = hubRepository(published, { name: folderOf(name), harrier: version, where: WHERE });
  const packed: Zippable = {};
  for (const [path, content] of files) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    packed[`${folderOf(name)}/${path}`] = [bytes, { mtime: MTIME }];
  }
  return zipSync(packed) as Uint8Array<ArrayBuffer>;
}

async function loadCode(url: string): Promise<RunCode> {
  const bytes = await fetchBytes(url, 'loading the code that runs models', () => {});
  return JSON.parse(new TextDecoder().decode(bytes)) as RunCode;
}
