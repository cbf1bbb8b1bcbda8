import { jsonObject } from '../json-text.ts';
import type { Model } from '../onnx/index.ts';
import type { FineTunedFrom } from './run-record.ts';

/** Metadata of a `model.onnx`: JSON of the pretrained network that it was made of. */
export const ORIGIN_KEY = 'harrier.backbone';

/** The pretrained network that a model file names. */
export function originIn(metadata: Model['metadata']): FineTunedFrom['origin'] {
  const { name, hash, address, commit, license } = jsonObject(metadata[ORIGIN_KEY] ?? '') ?? {};
  if (typeof name !== 'string' || typeof hash !== 'string') return undefined;
  if (typeof address !== 'string') return { name, hash };
  return {
    name,
    hash,
    source: {
      address,
      ...(typeof commit === 'string' && { commit }),
      ...(typeof license === 'string' && { license }),
    },
  };
}

/** The pretrained network that a run began with, by its name alone where it lies on this machine. */
export function originOf({
  name,
  hash,
  source,
  origin,
}: FineTunedFrom): NonNullable<FineTunedFrom['origin']> {
  if (origin) return origin;
  return source ? { name, hash, source } : { name: name.split(/[\\/]/).at(-1)!, hash };
}

/** The same as a model file has it. */
export function originText(from: FineTunedFrom): string {
  const { name, hash, source } = originOf(from);
  return JSON.stringify({ name, hash, ...source });
}
