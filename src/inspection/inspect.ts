import type { Progress } from '../data/progress.ts';
import { classCounts } from '../data/statistics.ts';
import { classText, imagesOfEach } from '../data/tags.ts';
import { accuracyInterval } from '../evaluation/cross-validation.ts';
import { checkLinearHead, type HeadData } from '../heads/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { adviceFor } from './advice.ts';
import { confusionsOf, type HeldOutAnswers, heldOutAnswers } from './answers.ts';
import { crossValidated, labelIssues } from './cross-validation.ts';
import { AllImages, type InspectedPart, pixelFindings } from './images.ts';
import type { ImageName, Inspection, MapPoint } from './inspection.ts';
import type { LabelIssues } from './label-issues.ts';
import { type TagFindings, tagFindings } from './label-tags.ts';
import { learningCurve } from './learning-curve.ts';
import { nearDuplicates } from './near-duplicates.ts';
import { nearestNeighbours } from './neighbours.ts';
import { outliersOf } from './outliers.ts';
import { planeOf } from './plane.ts';
import { blurLimit, type PixelQuality, QUALITY_ISSUES, qualityIssues } from './quality.ts';
import { type RotationCheck, rotationCheck } from './rotation.ts';

export interface InspectOptions {
  readonly runtime: Runtime;
  /** What the data is called. */
  readonly data: string;
  /** The network that the features are of. */
  readonly network: string;
  /** Features of an image. */
  readonly size: number;
  readonly seed: number;
  /** Features of the pixels of some images, in their order. Absent: it is not checked whether photos are turned. */
  readonly featuresOf?: (pixels: Uint8Array) => Promise<Float32Array>;
  /** The shorter side of every file's image in pixels; undefined where it is not known. Absent: none is. */
  readonly shorterSides?: readonly (number | undefined)[];
  /** Whether each image is placed in a plane by its features. */
  readonly map?: boolean;
  /** Told how far it is; what it throws ends the work. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Neighbours of an image that are looked at. */
const NEIGHBOURS = 10;
/** Where a larger fraction of images has an issue, it is how these images are. */
const USUAL = 0.2;

/**
 * Inspects labelled images by the features of a network: how good a classifier will be, what would make it better, and
 * which images need a look. All parts are inspected together, test images too.
 *
 * @throws HarrierError `bad-data`, `bad-shape` when there are no images, fewer than two classes, or other features;
 *   `not-supported` when memory does not suffice for so many images and classes
 */
export async function inspectImages(
  parts: readonly InspectedPart[],
  { runtime, data, network, size, seed, featuresOf, shorterSides, map, onProgress }: InspectOptions,
): Promise<Inspection> {
  const images = new AllImages(parts);
  const { labels, tags, classNames, features, copies } = images;
  const counts = classCounts({ labels, classNames });
  const telling =
    (what: string, unit: Progress['unit'] = 'images') =>
    (done: number, total: number) =>
      onProgress?.({ what, done, total, unit });
  const headData: HeadData = {
    name: data,
    views: [features],
    size,
    labels,
    ...(tags && { tags }),
    classNames,
    ...(copies && { copies }),
  };
  checkLinearHead(
    { images: images.count, views: 1, classes: classNames.length, size },
    runtime.freeMemory?.(),
    { next: 'Inspect fewer images, or only some of the classes.', options: ['classes'] },
  );
  const validated = await crossValidated(runtime, headData, seed, telling('cross-validating', 'steps'));
  const tagged =
    validated &&
    tags &&
    (await tagFindings(runtime, { ...headData, tags }, validated, seed, telling('checking labels', 'steps')));
  const issues: LabelIssues =
    validated && !tags
      ? await labelIssues(runtime, headData, validated, seed, telling('checking labels', 'steps'))
      : { issues: [], images: 0, noise: 0 };
  // Of several labels none is the answer: neither a learning curve nor pairs of confused classes mean anything.
  const answers =
    validated && !tags ? heldOutAnswers(validated.probabilities, labels, classNames.length) : undefined;
  const curve =
    validated &&
    answers &&
    (await learningCurve(runtime, headData, {
      seed,
      c: validated.c,
      correct: new Map(
        [...answers].map(([image, { predicted }]) => [image, predicted === labels[image]] as const),
      ),
      onProgress: telling('measuring the learning curve', 'steps'),
    }));
  const { quality, small } = pixelFindings(images, telling('looking at every image'));
  const neighbours = await nearestNeighbours(
    runtime,
    features,
    size,
    NEIGHBOURS,
    telling('looking for neighbours'),
  );
  const duplicates = nearDuplicates(small, neighbours, counts, telling('comparing images'));
  const { height, width } = images.imageShape;
  const rotation =
    featuresOf && height === width
      ? await rotationCheck({
          runtime,
          features,
          size,
          side: height,
          seed,
          pixelsOf: (image) => images.pixels(image),
          featuresOf,
          onProgress: telling('turning photos'),
        })
      : undefined;

  const nameOf = namer(images);
  const found = {
    format: 1 as const,
    data,
    network: { name: network, features: size },
    images: images.count,
    parts: parts.map(({ part, dataset }) => ({ part, images: dataset.size })),
    classes: tags ? tagsOf(images, tagged) : classesOf(images, counts, answers, issues),
    ...(validated && answers && { accuracy: accuracyOf(answers, images, validated.folds) }),
    ...(validated &&
      tagged && {
        accuracy: {
          accuracy: tagged.correct / tagged.total,
          correct: tagged.correct,
          total: tagged.total,
          interval95: tagged.interval95,
          folds: validated.folds,
        },
      }),
    ...(tags && { multiLabel: meansOf(tagged) }),
    ...(curve && { learningCurve: curve }),
    labels: {
      noise: tagged?.noise ?? issues.noise,
      issues: tagged
        ? tagged.issues.map(({ image, tag, isMissing, probability }) => ({
            ...nameOf(image),
            suggested: `${isMissing ? 'also' : 'not'} ${classNames[tag]}`,
            probability,
            labelProbability: 1 - probability,
            tag: classNames[tag],
            isMissing,
          }))
        : issues.issues.map(({ image, suggested, probability, labelProbability }) => ({
            ...nameOf(image),
            suggested: classNames[suggested],
            probability,
            labelProbability,
          })),
    },
    duplicates: duplicates.map(({ kind, images: group }) => ({
      kind,
      images: group.map(nameOf),
      acrossClasses: new Set(group.map((image) => classText(images, image))).size > 1,
      acrossParts: new Set(group.map((image) => images.place(image).part)).size > 1,
    })),
    outliers: outliersOf(neighbours).map(({ image, similarity }) => ({ ...nameOf(image), similarity })),
    quality: qualityOf(quality, Math.min(height, width), shorterSides, nameOf),
    ...(rotation && { rotation: named(rotation, nameOf) }),
    confusions: answers ? confusionsOf(answers, images, issues, nameOf) : [],
  };
  return {
    ...found,
    advice: adviceFor(found),
    ...(map && { map: mapOf(images, planeOf(features, size, seed), answers, nameOf) }),
  };
}

function mapOf(
  { count, classNames }: AllImages,
  plane: Float32Array,
  answers: HeldOutAnswers | undefined,
  nameOf: (image: number) => ImageName,
): MapPoint[] {
  return Array.from({ length: count }, (_, image) => {
    const answer = answers?.get(image);
    return {
      ...nameOf(image),
      x: plane[2 * image],
      y: plane[2 * image + 1],
      ...(answer && { predicted: classNames[answer.predicted] }),
    };
  });
}

/** What an image without any label is said to be. */
const NO_LABEL = 'no label';

/** Of several labels: mAP and micro F1 by cross-validation. */
function meansOf(tagged: TagFindings | undefined): NonNullable<Inspection['multiLabel']> {
  const { meanAveragePrecision: mean, micro } = tagged?.scores ?? {};
  return { ...(mean !== undefined && { meanAveragePrecision: mean }), ...(micro && { microF1: micro.f1 }) };
}

function tagsOf(images: AllImages, tagged: TagFindings | undefined): Inspection['classes'] {
  const counts = imagesOfEach(images);
  return images.classNames.map((name, tag) => {
    const scores = tagged?.scores.labels[tag];
    return {
      class: name,
      images: counts[tag],
      ...(scores && scores.support > 0 && { recall: scores.recall }),
      ...(scores && scores.predicted > 0 && { precision: scores.precision }),
      ...(scores?.averagePrecision !== undefined && { averagePrecision: scores.averagePrecision }),
      labelIssues: tagged?.issues.filter((issue) => issue.tag === tag).length ?? 0,
    };
  });
}

/** Images by their names. */
function namer(images: AllImages): (image: number) => ImageName {
  return (image) => {
    const { part, dataset, index } = images.place(image);
    return {
      index: image,
      file: dataset.describe(index),
      part,
      class: classText(images, image) || NO_LABEL,
    };
  };
}

function named(
  { rotated, ...check }: RotationCheck,
  nameOf: (image: number) => ImageName,
): NonNullable<Inspection['rotation']> {
  return { ...check, rotated: rotated.map(({ image, ...each }) => ({ ...nameOf(image), ...each })) };
}

function accuracyOf(
  answers: HeldOutAnswers,
  { labels, copies }: Pick<AllImages, 'labels' | 'copies'>,
  folds: number,
): NonNullable<Inspection['accuracy']> {
  const total = answers.size;
  const right = [...answers].map(([image, { predicted }]) => predicted === labels[image]);
  const correct = right.filter(Boolean).length;
  return {
    accuracy: correct / total,
    correct,
    total,
    interval95: accuracyInterval(right, copies && [...answers.keys()].map((image) => copies[image])),
    folds,
  };
}

function classesOf(
  { classNames, labels }: AllImages,
  counts: Uint32Array,
  answers: HeldOutAnswers | undefined,
  { issues }: LabelIssues,
): Inspection['classes'] {
  const [owns, takes, rights, wrong] = [0, 1, 2, 3].map(() => new Uint32Array(classNames.length));
  for (const [image, { predicted }] of answers ?? []) {
    owns[labels[image]]++;
    takes[predicted]++;
    if (labels[image] === predicted) rights[predicted]++;
  }
  for (const { label } of issues) wrong[label]++;
  return classNames.map((name, label) => {
    const [own, taken, right] = [owns[label], takes[label], rights[label]];
    return {
      class: name,
      images: counts[label],
      ...(own > 0 && { recall: right / own }),
      ...(taken > 0 && { precision: right / taken }),
      labelIssues: wrong[label],
    };
  });
}

function qualityOf(
  quality: readonly PixelQuality[],
  side: number,
  shorterSides: InspectOptions['shorterSides'],
  nameOf: (image: number) => ImageName,
): Inspection['quality'] {
  const mostBlur = blurLimit(quality.map(({ blur }) => blur));
  const all = quality.map((each, image) => qualityIssues(each, mostBlur, side, shorterSides?.[image]));
  const usual = QUALITY_ISSUES.map((issue) => ({
    issue,
    images: all.filter((own) => own.includes(issue)).length,
  })).filter(({ images }) => images > USUAL * quality.length);
  const listed = (own: (typeof all)[number]) =>
    own.filter((issue) => usual.every((each) => each.issue !== issue));
  const sides = (shorterSides ?? []).filter((each) => each !== undefined).sort((a, b) => a - b);
  return {
    issues: all
      .map((own, image) => ({ ...nameOf(image), issues: listed(own) }))
      .filter(({ issues }) => issues.length > 0),
    usual,
    ...(sides.length > 0 && {
      shorterSide: [sides[0], sides[sides.length >> 1], sides[sides.length - 1]] as const,
    }),
  };
}
