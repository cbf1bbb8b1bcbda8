/**
 * Holds the curves of an evaluation, and the measures of images with any number of labels, against scikit-learn's, on
 * probabilities with ties. See bench/peers/README.md.
 *
 * @param python the interpreter that has scikit-learn
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { random } from '../../../src/data/random.ts';
import { softmax } from '../../../src/evaluation/softmax.ts';
import { rarestTags } from '../../../src/data/tags.ts';
import { evaluatePredictions } from '../../../src/evaluation/evaluate.ts';
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
// Any number of labels: the probabilities of such a model need not add up to 1, and may.
const tags = Uint8Array.from(probabilities, (probability) => Number(stream.uniform() < probability + 0.1));
const thresholds = Array.from({ length: CLASSES }, () => 0.1 + 0.3 * stream.uniform());
const several = evaluatePredictions({
  probabilities,
  labels: rarestTags(tags, CLASSES),
  tags,
  thresholds,
  classNames,
});
const input = JSON.stringify({
  labels,
  probabilities: [...probabilities],
  classes: CLASSES,
  tags: [...tags],
  thresholds,
});
const { status, stdout, stderr, error } = spawnSync(process.argv[2] ?? 'python3', [script], {
  input,
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
if (status !== 0) throw error ?? new Error(stderr);
interface Labels {
  averagePrecision: number[];
  meanAveragePrecision: number;
  perLabel: number[][];
  micro: number[];
  macro: number[];
  hammingLoss: number;
  accuracy: number;
}
const { version, classes, labels: ofLabels } = JSON.parse(stdout) as {
  version: string;
  labels: Labels;
  classes: { averagePrecision: number; rocAuc: number; thresholds: number[]; precision: number[]; recall: number[] }[];
};

let farthest = 0;
const far = (a: number, b: number) => {
  farthest = Math.max(farthest, Math.abs(a - b));
};
classes.forEach((expected, label) => {
  const { averagePrecision, rocAuc, curve } = own[label];
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
const { multiLabel, macro, accuracy } = several;
multiLabel!.labels.forEach((row, label) => {
  far(row.averagePrecision!, ofLabels.averagePrecision[label]);
  [row.precision, row.recall, row.f1].forEach((value, i) => {
    far(value, ofLabels.perLabel[i][label]);
  });
});
for (const [scores, expected] of [
  [multiLabel!.micro, ofLabels.micro],
  [macro, ofLabels.macro],
] as const) {
  [scores.precision, scores.recall, scores.f1].forEach((value, i) => {
    far(value, expected[i]);
  });
}
far(multiLabel!.meanAveragePrecision!, ofLabels.meanAveragePrecision);
far(multiLabel!.hammingLoss, ofLabels.hammingLoss);
far(accuracy, ofLabels.accuracy);
const points = own.reduce((sum, { curve }) => sum + curve.length, 0);
process.stdout.write(
  `scikit-learn ${version}: ${CLASSES} classes, ${IMAGES} images, ${points} points, and the measures of any number of labels; largest difference ${farthest.toExponential(1)}\n`,
);
process.exitCode = farthest <= TOLERANCE ? 0 : 1;
