/** Images of noise with one small object in each: what tells the classes apart is there, and nowhere else. */

import { random } from '../../src/data/random.ts';
import { type Dataset, memoryDataset } from '../../src/index.ts';

export const SIDE = 24;
/** Side of the object. */
export const OBJECT = 8;

export const CLASS_NAMES = ['across', 'down', 'checks'];

export interface Planted extends Dataset {
  /** Top left corner of each image's object. */
  readonly places: readonly (readonly [row: number, column: number])[];
}

/** Black and white stripes across, stripes down, or a chessboard, two pixels wide, anywhere on grey noise. */
export function planted(count: number, seed: number): Planted {
  const stream = random(seed, 'test/planted');
  const labels = Array.from({ length: count }, (_, i) => i % CLASS_NAMES.length);
  const places = labels.map((): [number, number] => [
    stream.integer(SIDE - OBJECT + 1),
    stream.integer(SIDE - OBJECT + 1),
  ]);
  const size = SIDE * SIDE * 3;
  const pixels = Uint8Array.from({ length: count * size }, () => 80 + stream.integer(96));
  labels.forEach((label, i) => {
    const [top, left] = places[i];
    for (let row = 0; row < OBJECT; row++) {
      for (let column = 0; column < OBJECT; column++) {
        const [down, across] = [row >> 1, column >> 1];
        const white = [down % 2, across % 2, (down + across) % 2][label] === 1;
        pixels.fill(
          white ? 255 : 0,
          i * size + 3 * ((top + row) * SIDE + left + column),
          i * size + 3 * ((top + row) * SIDE + left + column + 1),
        );
      }
    }
  });
  const data = memoryDataset({
    name: `planted ${seed}`,
    classNames: CLASS_NAMES,
    imageShape: { height: SIDE, width: SIDE, channels: 3 },
    labels,
    pixels,
  });
  return Object.assign(data, { places });
}
