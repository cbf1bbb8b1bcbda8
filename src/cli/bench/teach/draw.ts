import { join } from 'node:path';
import { random } from '../../../data/random.ts';
import { HarrierError } from '../../../errors.ts';
import { listImages } from '../../../platform/node/datasets/list-images.ts';

/** Classes of a lesson, images of each that are shown, and images of each that the model is tested with. */
export const LESSON = { classes: 3, shown: 25, tested: 20 };

/** A file and its class, by its position among the lesson's classes. */
export interface LessonFile {
  readonly file: string;
  readonly label: number;
}

/** A few classes of a folder, as somebody would teach them. */
export interface Lesson {
  readonly classNames: readonly string[];
  readonly shown: readonly LessonFile[];
  readonly tested: readonly LessonFile[];
}

/**
 * Draws lessons from a folder of images: other classes each time, as far as there are others, and other images. Images
 * for the test come from the folder's test part where it has one.
 *
 * @throws HarrierError `bad-data` when fewer than two classes have images enough
 */
export async function drawLessons(folder: string, count: number): Promise<Lesson[]> {
  const { root, files, classNames, hasParts } = await listImages(folder);
  const of = (label: number) => {
    const own = files.filter((each) => each.label === label);
    const order = random(1, 'bench/teach/images', label).permutation(own.length);
    const drawn = Array.from(order, (i) => own[i]);
    if (!hasParts) return { shown: drawn.slice(LESSON.tested), tested: drawn.slice(0, LESSON.tested) };
    return {
      shown: drawn.filter(({ part }) => part === 'train'),
      tested: drawn.filter(({ part }) => part === 'test'),
    };
  };
  const classes = classNames
    .map((name, label) => ({ name, ...of(label) }))
    .filter(({ shown, tested }) => shown.length >= LESSON.shown && tested.length >= LESSON.tested);
  if (classes.length < 2) {
    throw new HarrierError('bad-data', 'there are too few images to teach with', {
      where: folder,
      expected: `two classes with ${LESSON.shown} images to show and ${LESSON.tested} others to test with`,
    });
  }
  const size = Math.min(LESSON.classes, classes.length);
  // Each lesson takes the next classes of one order, so that all have their turn.
  const order = random(1, 'bench/teach/classes').permutation(classes.length);
  return Array.from({ length: classes.length > size ? count : 1 }, (_, lesson) => {
    const chosen = Array.from(
      { length: size },
      (_, i) => classes[order[(lesson * size + i) % classes.length]],
    );
    const part = (name: 'shown' | 'tested') =>
      chosen.flatMap((each, label) =>
        each[name].slice(0, LESSON[name]).map(({ path }) => ({ file: join(root, path), label })),
      );
    return { classNames: chosen.map(({ name }) => name), shown: part('shown'), tested: part('tested') };
  });
}
