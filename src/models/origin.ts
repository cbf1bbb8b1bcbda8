import { jsonObject } from '../json-text.ts';
import type { Model } from '../onnx/index.ts';

/** Metadata of a `model.onnx`: JSON of the pretrained network that it was made of. */
export const ORIGIN_KEY = 'harrier.backbone';

/** A pretrained network that models are made of. */
export interface Origin {
  /** For people: a name of the catalogue, or what its file is called. */
  readonly name: string;
  /** SHA-256 of its file, hex. */
  readonly hash: string;
  /** Where it came from, if it was fetched. */
  readonly source?: {
    /** An address, or `hf:OWNER/NAME`. */
    readonly address: string;
    /** Of the hub's repository. */
    readonly commit?: string;
    /** SPDX identifier. */
    readonly license?: string;
  };
}

/** A network that is trained on: a pretrained one, or one that was trained on such a network itself. */
export interface StartingPoint extends Origin {
  /** The pretrained network that it began with itself. */
  readonly origin?: Origin;
}

/** The pretrained network that a model file names. */
export function originIn(metadata: Model['metadata']): Origin | undefined {
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

/**
 * The pretrained network that a model began with, by its file's name alone where nothing says where it came from. One that
 * was fetched says itself what its publisher demands, whatever it began with.
 */
export function originOf({ name, hash, source, origin }: StartingPoint): Origin {
  if (source) return { name, hash, source };
  return origin ?? { name: fileName(name), hash };
}

/** The same as a model file has it. */
export function originText(model: StartingPoint): string {
  const { name, hash, source } = originOf(model);
  return JSON.stringify({ name, hash, ...source });
}

/** Without its folder; of a web address also without what follows its path, which may be a signature. */
function fileName(name: string): string {
  const [path] = /^https?:/i.test(name) ? name.split(/[?#]/) : [name];
  return path.split(/[\\/]/).at(-1)!;
}
