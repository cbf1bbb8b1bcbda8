import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { COMPANIONS, type Companions } from '../../../models/foreign/companions.ts';

/** The files that say how a model wants its images: beside it, or one folder up where hubs keep them. */
export async function companionsOf(modelFile: string): Promise<Companions> {
  const folder = dirname(modelFile);
  const folders = basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder];
  const texts: Partial<Record<keyof Companions, string>> = {};
  for (const name of COMPANIONS) {
    for (const each of folders) {
      texts[name] ??= await readFile(join(each, name), 'utf8').catch(() => undefined);
    }
  }
  return texts;
}
