import { formatCount, formatPercent, formatQuantity, printable } from '../format/format.ts';
import type { Advice, InspectedClass, Inspection } from './inspection.ts';
import { medianOf } from './robust.ts';

type Findings = Omit<Inspection, 'advice'>;

/** Fewer images of a class than this fraction of the median class are few. */
const FEW = 0.5;
/** Classes that more photos are asked for, at most. */
const MOST_CLASSES = 3;
/** A gain below this is not worth a sentence. */
const LEAST_GAIN = 0.003;

/** What is worth doing: first what makes the figures wrong, then by the gain in accuracy, then the rest. */
export function adviceFor(found: Findings): Advice[] {
  const withWorth = [...relabelling(found), ...morePhotos(found), ...twiceThePhotos(found)];
  const advice = [
    ...leaks(found),
    ...withWorth.sort((a, b) => (b.worth ?? 0) - (a.worth ?? 0)),
    ...contradictions(found),
    ...rotation(found),
    ...unusual(found),
    ...repeated(found),
  ];
  if (advice.length > 0) return advice;
  const text = found.learningCurve?.forecast
    ? 'Nothing needs doing: no faults were found, and more photos of the same kind would bring little.'
    : 'No faults were found. How much more photos would bring could not be measured.';
  return [{ kind: 'good', text }];
}

function leaks({ duplicates, parts }: Findings): Advice[] {
  const shared = duplicates.filter(({ acrossParts }) => acrossParts);
  if (shared.length === 0) return [];
  const isTest = ({ part }: { readonly part: string }) => part === 'test';
  const tests = shared.flatMap(({ images }) => images.filter(isTest)).length;
  const total = parts.find(isTest)?.images ?? 0;
  const what =
    tests > 0
      ? `${formatCount(tests)} of ${formatQuantity(total, 'test image')} ${tests === 1 ? 'has a near-duplicate' : 'have near-duplicates'} in another part`
      : `${formatQuantity(shared.length, 'group')} of near-duplicates ${shared.length === 1 ? 'lies' : 'lie'} in several parts`;
  return [
    {
      kind: 'leaks',
      text: `${what}: the ${tests > 0 ? 'test' : 'validation'} accuracy will be too high. Remove them from one side, or name what belongs together in a column "group".`,
    },
  ];
}

function relabelling({ labels: { issues }, images, classes, multiLabel }: Findings): Advice[] {
  if (issues.length === 0) return [];
  const worth = issues.length / (multiLabel ? images * classes.length : images);
  const which = issues.length === 1 ? 'this label' : `these ${formatCount(issues.length)} labels`;
  return [
    {
      kind: 'relabel',
      worth,
      text: `Check ${which}, the most certain first: ${issues.length === 1 ? 'it is' : 'they are'} ${formatPercent(worth, 1)} of all ${multiLabel ? 'decisions on a label of an image' : 'images'}.`,
    },
  ];
}

/** Photos of the classes that are confused most, where the learning curve says that photos help. */
function morePhotos(found: Findings): Advice[] {
  const reduction = errorReduction(found);
  const median = medianOf(found.classes.map(({ images }) => images));
  const total = found.images;
  const errorsOf = ({ recall = 1, images, labelIssues }: InspectedClass) =>
    Math.max(0, (1 - recall) * images - labelIssues);
  const meanErrors = found.classes.reduce((sum, each) => sum + errorsOf(each), 0) / found.classes.length;
  return found.classes
    .map((each) => ({ ...each, errors: errorsOf(each), isFew: each.images < FEW * median }))
    .filter(({ errors, isFew }) => isFew || (reduction > 0 && errors >= 2 && errors > 1.5 * meanErrors))
    .sort((a, b) => b.errors - a.errors)
    .slice(0, MOST_CLASSES)
    .map((each): Advice => {
      const wanted = each.isFew ? Math.ceil(median - each.images) : each.images;
      const count = wanted < 20 ? wanted : 10 * Math.round(wanted / 10);
      const worth = (each.errors * reduction) / total;
      const why = each.isFew
        ? `it has ${formatCount(each.images)}, the median ${found.multiLabel ? 'label' : 'class'} ${formatCount(Math.round(median))}`
        : `${formatPercent(1 - each.recall!, 0)} of its ${formatCount(each.images)} photos were taken for another class`;
      return {
        kind: 'more',
        worth,
        text: `Add ${formatQuantity(count, 'photo')} of ${printable(each.class)}: ${why}.`,
      };
    });
}

/** The fraction of errors that twice the photos would take away. */
function errorReduction({ learningCurve }: Findings): number {
  const last = learningCurve?.points.at(-1);
  if (!last || !learningCurve?.forecast || last.accuracy === 1) return 0;
  const { gain, gainInterval95 } = learningCurve.forecast;
  return gainInterval95[1] < LEAST_GAIN ? 0 : gain / (1 - last.accuracy);
}

function twiceThePhotos({ learningCurve }: Findings): Advice[] {
  const forecast = learningCurve?.forecast;
  if (!forecast || forecast.gain < LEAST_GAIN) return [];
  const [low, high] = forecast.gainInterval95;
  return [
    {
      kind: 'photos',
      worth: forecast.gain,
      text: `Take more photos of all classes: twice as many would add about ${points(forecast.gain)} points (${points(low)} to ${points(high)}).`,
    },
  ];
}

/** Copies with different labels. */
function contradictions({ duplicates, multiLabel }: Findings): Advice[] {
  const groups = duplicates.filter(({ acrossClasses }) => acrossClasses);
  if (groups.length === 0) return [];
  return [
    {
      kind: 'duplicates',
      text: `Look at ${formatQuantity(groups.length, 'group')} of near-duplicates with different labels: ${multiLabel ? 'at most one set of labels is right' : 'at most one of the labels is right'}.`,
    },
  ];
}

function rotation({ rotation: found }: Findings): Advice[] {
  if (!found || found.rotated.length === 0) return [];
  return [
    {
      kind: 'rotate',
      text: `Turn ${formatQuantity(found.rotated.length, 'photo')} upright: ${found.rotated.length === 1 ? 'it lies on its side or stands on its head' : 'they lie on their sides or stand on their heads'}.`,
    },
  ];
}

function unusual({ quality, outliers }: Findings): Advice[] {
  const advice: Advice[] = [];
  if (quality.issues.length > 0) {
    advice.push({
      kind: 'retake',
      text: `Replace or remove ${formatQuantity(quality.issues.length, 'photo')} that ${quality.issues.length === 1 ? 'is' : 'are'} blurred, dark, bright, plain or tiny, unless such photos will come in use too.`,
    });
  }
  if (outliers.length > 0) {
    advice.push({
      kind: 'outliers',
      text: `Look at ${formatQuantity(outliers.length, 'image')} unlike all others: ${outliers.length === 1 ? 'does it belong' : 'do they belong'} here?`,
    });
  }
  return advice;
}

function repeated({ duplicates, images }: Findings): Advice[] {
  const within = duplicates.filter(({ acrossClasses, acrossParts }) => !acrossClasses && !acrossParts);
  const surplus = within.reduce((sum, group) => sum + group.images.length - 1, 0);
  if (surplus < 0.02 * images || surplus === 0) return [];
  return [
    {
      kind: 'duplicates',
      text: `${formatQuantity(surplus, 'image')} ${surplus === 1 ? 'is' : 'are'} a near-duplicate of another of the same class and part: photos of other things would teach more.`,
    },
  ];
}

function points(fraction: number): string {
  return (100 * fraction).toFixed(1);
}
