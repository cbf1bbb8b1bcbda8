import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package for the model that it carries: as far from the source as from what is built of it. */
export const SHIPPED_MODELS = fileURLToPath(new URL('../../../../models/', import.meta.url));

/** The model in the package, for commands that name no model; undefined if the package contains none. */
export async function shippedModel(): Promise<string | undefined> {
  const names = await readdir(SHIPPED_MODELS).catch(() => [] as string[]);
  const first = names
    .filter((name) => name.endsWith('.onnx'))
    .sort()
    .at(0);
  return first && join(SHIPPED_MODELS, first);
}
