import { HarrierError } from '../errors.ts';

/** A model that lies elsewhere, as a user writes it. */
export type ModelAddress =
  | {
      readonly kind: 'hub';
      /** `OWNER/NAME`. */
      readonly repository: string;
      /** Path in the repository; absent: the one that it holds. */
      readonly file?: string;
      /** Branch, tag or commit; absent: `main`. */
      readonly revision?: string;
    }
  | { readonly kind: 'web'; readonly url: string };

const PART = String.raw`[\w.-]+`;
const HUB = new RegExp(`^hf:(${PART}/${PART})(?::([^@]+))?(?:@(.+))?$`);

/**
 * An address of a model: `hf:OWNER/NAME[:FILE][@REVISION]`, or `https://…`.
 *
 * @returns undefined for a text that begins as neither
 * @throws HarrierError `bad-option` for one that begins so and cannot be read
 */
export function modelAddress(text: string): ModelAddress | undefined {
  if (/^https?:\/\//i.test(text)) {
    if (URL_FORM.test(text)) return { kind: 'web', url: text };
    throw bad(text, 'https://example.org/model.onnx');
  }
  if (!/^hf:/i.test(text)) return undefined;
  const [, repository, file, revision] = HUB.exec(text.replace(/^hf:/i, 'hf:')) ?? [];
  const climbs = `${file ?? ''}/${revision ?? ''}`.split('/').some((part) => part === '..' || part === '.');
  if (repository === undefined || climbs || file?.startsWith('/')) {
    throw bad(text, 'hf:OWNER/NAME, hf:OWNER/NAME:onnx/model.onnx or hf:OWNER/NAME@COMMIT');
  }
  return { kind: 'hub', repository, ...(file && { file }), ...(revision && { revision }) };
}

/** With a host, and a path that ends in a file's name. */
const URL_FORM = /^https?:\/\/[^\s/?#]+\/[^\s?#]*[^\s/?#]([?#]\S*)?$/i;

function bad(received: string, expected: string): HarrierError {
  return new HarrierError('bad-option', 'this is no address of a model', { expected, received });
}
