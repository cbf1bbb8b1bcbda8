import type { RunPredictions } from 'harrier/src/studio-server/api.ts';

/**
 * What two runs' test images are known by, where both are the same files of a data set that is here: runs at different
 * sizes have other pixels of them.
 *
 * @returns undefined where that cannot be said
 */
export function sameFiles(a: RunPredictions | undefined, b: RunPredictions | undefined): string | undefined {
  if (a?.dataset === undefined || a.dataset !== b?.dataset) return undefined;
  const isSame =
    a.index.length === b.index.length &&
    a.index.every((index, i) => index === b.index[i] && a.label[i] === b.label[i]);
  return isSame ? `files of ${a.dataset}` : undefined;
}
