/** The labels that an image is given, most probable first. */
export function givenLabels(
  classNames: readonly string[],
  thresholds: readonly number[],
  probabilities: Float32Array,
): string[] {
  return [...classNames.keys()]
    .filter((label) => probabilities[label] >= thresholds[label])
    .sort((a, b) => probabilities[b] - probabilities[a])
    .map((label) => classNames[label]);
}
