import { HarrierError } from 'harrier/src/errors.ts';

/** Fewer cannot be divided into some to learn from and some to evaluate on. */
export const FEWEST_IMAGES = 2;

/**
 * Checks what the user has put together, before anything is loaded.
 * @throws HarrierError `bad-data` that names the class
 */
export function checkClasses(classes: readonly { readonly name: string; readonly count: number }[]): void {
  if (classes.length < 2) {
    throw new HarrierError('bad-data', 'one class is nothing to tell apart', {
      expected: 'at least 2 classes',
      received: `${classes.length}`,
      next: 'Add another class: what else may be in an image, or “something else”.',
    });
  }
  for (const { name, count } of classes) {
    if (count >= FEWEST_IMAGES) continue;
    throw new HarrierError(
      'bad-data',
      count === 0 ? 'this class has no images' : 'one image is too few to learn from and to be evaluated on',
      {
        where: name,
        expected: `at least ${FEWEST_IMAGES} images`,
        received: `${count}`,
        next: 'Add images to it, or remove the class.',
      },
    );
  }
  const names = classes.map(({ name }) => name.trim().toLowerCase());
  const twice = classes.find((_, i) => names.indexOf(names[i]) < i);
  if (twice) {
    throw new HarrierError('bad-data', 'two classes have the same name', {
      where: twice.name,
      next: 'Give one of them another name.',
    });
  }
}
