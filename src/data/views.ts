import { unknownName } from '../errors.ts';
import { TEST_TIME_AUGMENTATIONS } from '../options/words.ts';

/** How many looks a finished model takes at an image; their average is its answer. */
export { TEST_TIME_AUGMENTATIONS };
/** The name of a set of views that a finished model averages, such as `none` or `flip`. */
export type TestTimeAugmentation = (typeof TEST_TIME_AUGMENTATIONS)[number];

/** One look at an image. */
export interface View {
  readonly mirrored: boolean;
  /** Pixels that the image is moved down and to the right; what comes in at its edge is reflected. */
  readonly shift: number;
  /** Its part in the average; those of all views add up to 1. */
  readonly weight: number;
}

/**
 * The views that a kind of test-time augmentation averages: `flip` the image and its mirror image; `flip-shift`
 * these with half the weight, and both moved by one pixel in either diagonal direction with the other half. That is
 * level 2 of K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, section 3.6.
 */
export function viewsOf(kind: TestTimeAugmentation): View[] {
  const shifts: Readonly<
    Record<TestTimeAugmentation, readonly (readonly [shift: number, weight: number])[]>
  > = {
    none: [[0, 1]],
    flip: [[0, 1]],
    'flip-shift': [
      [0, 0.5],
      [1, 0.25],
      [-1, 0.25],
    ],
  };
  const sides = kind === 'none' ? [false] : [false, true];
  return shifts[kind].flatMap(([shift, weight]) =>
    sides.map((mirrored) => ({ mirrored, shift, weight: weight / sides.length })),
  );
}

/** For people: `the image and its mirror image`. */
export function describeViews(kind: TestTimeAugmentation): string {
  return {
    none: 'the image only',
    flip: 'the image and its mirror image',
    'flip-shift': 'the image and its mirror image, as they are and moved by one pixel',
  }[kind];
}

/** @throws HarrierError `bad-option` for a kind that there is not */
export function testTimeAugmentationNamed(name: string): TestTimeAugmentation {
  const known = TEST_TIME_AUGMENTATIONS.find((kind) => kind === name);
  if (known) return known;
  throw unknownName('test-time augmentation', name, TEST_TIME_AUGMENTATIONS);
}
