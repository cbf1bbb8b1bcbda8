import { type TestTimeAugmentation, viewsOf } from '../data/views.ts';
import { aligned, formatCount, formatInterval, formatPercent, formatQuantity } from '../format/format.ts';
import { type AdaptiveViews, answersOf } from './adaptive-views.ts';
import { accuracyInterval } from './cross-validation.ts';
import { mcnemar } from './mcnemar.ts';
import type { Predictions } from './predictions.ts';

/** What one way to look at images gives and costs. */
export interface ViewsResult {
  readonly views: TestTimeAugmentation | 'adaptive';
  /** Fraction of the images that are classified again. */
  readonly again: number;
  /** Views of an image on average: what the way costs, compared with one view. */
  readonly viewsPerImage: number;
  readonly accuracy: number;
  readonly interval95: readonly [number, number];
  /** Absent where it was not measured. */
  readonly imagesPerSecond?: number;
}

/** Adaptive views against another way: images that only one of the two names rightly. */
export interface AdaptiveAgainst {
  readonly views: TestTimeAugmentation;
  readonly points: number;
  readonly gained: number;
  readonly lost: number;
  /** McNemar's test. */
  readonly p: number;
}

/** What adaptive views gain and cost on some images. */
export interface AdaptiveEvaluation {
  /** The largest probability of the first view below which an image is classified again. */
  readonly below: number;
  /** What the threshold was chosen on, where that is known. */
  readonly validation?: { readonly images: number; readonly again: number };
  /** One view, adaptive views, all views. */
  readonly ways: readonly [ViewsResult, ViewsResult, ViewsResult];
  readonly against: readonly AdaptiveAgainst[];
  /** Threads that rates were measured with. */
  readonly threads?: number;
}

/** What models with one view, adaptive views and all views say of the same images. */
export interface AdaptivePredictions {
  readonly first: Predictions;
  readonly adaptive: Predictions;
  readonly full: Predictions;
}

/** Compares adaptive views with one view and with all views, on the same images. */
export function evaluateAdaptiveViews(
  { first, adaptive, full }: AdaptivePredictions,
  views: TestTimeAugmentation,
  { below, ...chosen }: Pick<AdaptiveViews, 'below'> & Partial<AdaptiveViews>,
): AdaptiveEvaluation {
  const [one, own, all] = [first, adaptive, full].map(answersOf);
  const images = one.length;
  const again = one.filter(({ sure }) => sure < below).length / images;
  const further = viewsOf(views).length - 1;
  const way = (kind: ViewsResult['views'], part: number, answers: typeof one): ViewsResult => {
    const right = answers.filter(({ isRight }) => isRight).length;
    return {
      views: kind,
      again: part,
      viewsPerImage: 1 + part * further,
      accuracy: right / images,
      interval95: accuracyInterval(
        answers.map(({ isRight }) => isRight),
        first.groups,
      ),
    };
  };
  const against = (kind: TestTimeAugmentation, other: typeof one): AdaptiveAgainst => {
    const { onlyFirst, onlySecond, p } = mcnemar(
      own.map(({ isRight }) => isRight),
      other.map(({ isRight }) => isRight),
      first.groups,
    );
    const points = (100 * (onlyFirst - onlySecond)) / images;
    return { views: kind, points, gained: onlyFirst, lost: onlySecond, p };
  };
  return {
    below,
    ...(chosen.images !== undefined &&
      chosen.again !== undefined && { validation: { images: chosen.images, again: chosen.again } }),
    ways: [way('none', 0, one), way('adaptive', again, own), way(views, 1, all)],
    against: [against('none', one), against(views, all)],
  };
}

/** The same for a terminal, a line each. */
export function adaptiveViewsLines({ below, validation, ways, against }: AdaptiveEvaluation): string[] {
  const chosen = validation
    ? `, chosen on ${formatQuantity(validation.images, 'validation image')} (${formatPercent(validation.again / validation.images, 1)} below)`
    : '';
  const fastest = ways[0].imagesPerSecond;
  const table = aligned([
    [
      'views',
      'seen again',
      'views/image',
      'accuracy',
      '95% interval',
      ...(fastest === undefined ? [] : ['images/s', '']),
    ],
    ...ways.map(({ views, again, viewsPerImage, accuracy, interval95, imagesPerSecond }) => [
      views,
      formatPercent(again, 1),
      viewsPerImage.toFixed(2),
      formatPercent(accuracy),
      formatInterval(interval95),
      ...(fastest === undefined || imagesPerSecond === undefined
        ? []
        : [formatCount(Math.round(imagesPerSecond)), `${(imagesPerSecond / fastest).toFixed(2)}×`]),
    ]),
  ]);
  const threshold =
    below > 1
      ? 'every image is seen again, because further views help even where the model is sure'
      : `an image is seen again where its largest probability is below ${below.toFixed(3)}`;
  return [
    `Adaptive views: ${threshold}${chosen}.`,
    ...table,
    ...against.map(({ views, points, gained, lost, p }) => {
      const sign = points < 0 ? '−' : '+';
      return `adaptive against ${views}: ${sign}${Math.abs(points).toFixed(2)} points; ${formatQuantity(gained, 'image')} gained, ${formatCount(lost)} lost (McNemar p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`})`;
    }),
  ];
}
