import { isJunk } from 'junk';

/** Folders that systems and programs make on their own, in lower case, beyond those that `junk` knows. */
const FOLDERS: ReadonlySet<string> = new Set([
  '$recycle.bin',
  'recycler',
  'recycled',
  'system volume information',
  'found.000',
  'lost+found',
  'network trash folder',
  'temporary items',
  'thevolumesettingsfolder',
  '#recycle',
  '#snapshot',
  '@recycle',
  '@recently-snapshot',
  '@sharebin',
  '@tmp',
  '@eadir',
  '__macosx',
  '__pycache__',
]);

/** Files of that kind, in lower case. */
const FILES: ReadonlySet<string> = new Set([
  'thumbs.db',
  'thumbs.db:encryptable',
  'ehthumbs.db',
  'ehthumbs_vista.db',
  'desktop.ini',
  'zbthumbnail.info',
  'picasa.ini',
  'icon\r',
]);

/** Whether a folder holds no images of its owner: hidden, or left by an operating system, archiver or network drive. */
export function isJunkFolder(name: string): boolean {
  return name.startsWith('.') || FOLDERS.has(name.toLowerCase());
}

/** Whether a file is no image of its owner: hidden, or left by an operating system, archiver or editor. */
export function isJunkFile(name: string): boolean {
  const lower = name.toLowerCase();
  return name.startsWith('.') || FILES.has(lower) || lower.startsWith('synofile_thumb') || isJunk(name);
}
