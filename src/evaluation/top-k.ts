import type { Predictions } from './predictions.ts';

/**
 * The fraction of images whose true class is among the `k` most probable ones. Of equal probabilities the
 * class with the lower index ranks higher, so that top-1 is exactly the accuracy.
 */
export function topKAccuracy({ probabilities, labels, classNames }: Predictions, k: number): number {
  const classes = classNames.length;
  let found = 0;
  for (let image = 0; image < labels.length; image++) {
    const start = image * classes;
    const label = labels[image];
    const own = probabilities[start + label];
    let ahead = 0;
    for (let c = 0; c < classes; c++) {
      const other = probabilities[start + c];
      if (other > own || (other === own && c < label)) ahead++;
    }
    if (ahead < k) found++;
  }
  return found / labels.length;
}
