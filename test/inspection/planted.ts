/** Features and labels with planted faults. */
import { random } from '../../src/data/random.ts';

/** Images of classes whose features lie around a point of each class. */
export function clusters({ classes = 4, perClass = 60, size = 12, spread = 1, apart = 3, seed = 1 } = {}): {
  readonly features: Float32Array;
  readonly labels: Uint16Array;
  readonly classNames: string[];
  readonly size: number;
} {
  const centres = Array.from({ length: classes }, (_, label) => {
    const stream = random(seed, 'test-centre', label);
    const direction = Array.from({ length: size }, () => stream.normal());
    const length = Math.hypot(...direction);
    return direction.map((value) => (apart * value) / length);
  });
  const labels = Uint16Array.from({ length: classes * perClass }, (_, i) => i % classes);
  const features = new Float32Array(labels.length * size);
  labels.forEach((label, image) => {
    const stream = random(seed, 'test-features', image);
    for (let i = 0; i < size; i++) features[image * size + i] = centres[label][i] + spread * stream.normal();
  });
  return { features, labels, classNames: Array.from({ length: classes }, (_, i) => `class ${i}`), size };
}

/** Labels of which a fraction was changed to another class at random, and which images these are. */
export function withNoise(
  clean: Uint16Array,
  classes: number,
  fraction: number,
  seed = 1,
): { readonly labels: Uint16Array; readonly wrong: ReadonlySet<number> } {
  const labels = clean.slice();
  const wrong = new Set(
    random(seed, 'test-noise')
      .permutation(labels.length)
      .slice(0, Math.round(fraction * labels.length)),
  );
  for (const image of wrong) {
    labels[image] = (labels[image] + 1 + random(seed, 'test-other', image).integer(classes - 1)) % classes;
  }
  return { labels, wrong };
}

/** How many of the found are planted, and how many of the planted are found. */
export function precisionAndRecall(found: readonly number[], planted: ReadonlySet<number>) {
  const hits = found.filter((image) => planted.has(image)).length;
  return { precision: hits / found.length, recall: hits / planted.size };
}
