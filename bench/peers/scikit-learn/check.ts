/**
 * Holds the curves of an evaluation against scikit-learn's, on probabilities with ties. See bench/peers/README.md.
 *
 * @param python the interpreter that has scikit-learn
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { random } from '../../../src/data/random.ts';
import { softmax } from '../../../src/evaluation/softmax.ts';
import { classRankings } from '../../../src/evaluation/ranking.ts';

const TOLERANCE = 1e-9;
const [IMAGES, CLASSES] = [2000, 7];

const stream = random(1, 'scikit-learn-check');
const labels = Array.from({ length: IMAGES }, () => stream.integer(CLASSES));
const probabilities = Float32Array.from(
  labels.flatMap((label) => {
    const scores = Array.from({ length: CLASSES }, (_, each) => stream.normal() + (each === label ? 1.5 : 0));
    // Rounded, so that many images have the same probability.
    return [...softmax(scores)].map((value) => Math.round(50 * value) / 50);
  }),
);
const classNames = Array.from({ length: CLASSES }, (_, label) => `class ${label}`);
const own = classRankings({ probabilities, labels, classNames });

const script = fileURLToPath(new URL('check.py', import.meta.url));
const input = JSON.stringify({ labels, probabilities: [...probabilities], classes: CLASSES });
const { status, stdout, stderr, error } = spawnSync(process.argv[2] ?? 'python3', [script], {
  input,
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
if (status !== 0) throw error ?? new Error(stderr);
const { version, classes } = JSON.parse(stdout) as {
  version: string;
  classes: { averagePrecision: number; rocAuc: number; thresholds: number[]; precision: number[]; recall: number[] }[];
};

let farthest = 0;
classes.forEach((expected, label) => {
  const { averagePrecision, rocAuc, curve } = own[label];
  const far = (a: number, b: number) => {
    farthest = Math.max(farthest, Math.abs(a - b));
  };
  far(averagePrecision!, expected.averagePrecision);
  far(rocAuc!, expected.rocAuc);
  // scikit-learn begins with the lowest threshold, and ends its curve with a point of no image.
  const points = curve.toReversed();
  if (points.length !== expected.thresholds.length) {
    throw new Error(`class ${label}: ${points.length} points, scikit-learn has ${expected.thresholds.length}`);
  }
  points.forEach(({ threshold, precision, recall }, i) => {
    far(threshold, expected.thresholds[i]);
    far(precision, expected.precision[i]);
    far(recall, expected.recall[i]);
  });
});
const points = own.reduce((sum, { curve }) => sum + curve.length, 0);
process.stdout.write(
  `scikit-learn ${version}: ${CLASSES} classes, ${IMAGES} images, ${points} points; largest difference ${farthest.toExponential(1)}\n`,
);
process.exitCode = farthest <= TOLERANCE ? 0 : 1;
