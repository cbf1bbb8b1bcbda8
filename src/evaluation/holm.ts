/**
 * p-values of several tests, each as high as it must be for all of them to hold together.
 *
 * S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let highest = 0;
  order.forEach((test, place) => {
    highest = Math.max(highest, Math.min(1, (pValues.length - place) * pValues[test]));
    adjusted[test] = highest;
  });
  return adjusted;
}
