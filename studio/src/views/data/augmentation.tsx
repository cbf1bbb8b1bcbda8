import type { DatasetFacts } from 'harrier/src/studio/api.ts';

export function Augmentation(_: { readonly facts: DatasetFacts }) {
  return null;
}
