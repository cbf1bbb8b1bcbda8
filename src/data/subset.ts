import { HarrierError } from '../errors.ts';
import { checkGather, type Dataset } from './dataset.ts';
import { ascii } from './hash.ts';
import { pickImages } from './pixel-source.ts';
import { sha256 } from './sha256.ts';
import { classCounts } from './statistics.ts';
import { pickTags } from './tags.ts';

/**
 * A view of a data set: its images at `indices`, in that order, without copying a pixel.
 *
 * The view's hash is the SHA-256 of the whole set's hash and the indices: the pixels need not be read for it.
 *
 * @throws HarrierError `bad-data` when an index is outside the data set
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>, name: string = dataset.name): Dataset {
  const chosen = Uint32Array.from(indices);
  const noPixels = { height: 0, width: 0, channels: 0 };
  checkGather({ name: dataset.name, size: dataset.size, imageShape: noPixels }, indices, new Uint8Array());
  const labels = Uint16Array.from(chosen, (index) => dataset.labels[index]);
  const { classNames, imageShape, pixelSource, tags, copies, times } = dataset;
  const size = chosen.length;
  let hash: string | undefined;
  return {
    name,
    classNames,
    imageShape,
    size,
    labels,
    ...(tags && { tags: pickTags(tags, classNames.length, chosen) }),
    pixelSource: pixelSource && pickImages(pixelSource, chosen),
    ...(copies && { copies: chosen.map((index) => copies[index]) }),
    ...(times && { times: Float64Array.from(chosen, (index) => times[index]) }),
    get hash() {
      hash ??= sha256()
        .update(ascii(`harrier-subset-1 ${dataset.hash}\n`))
        .update(littleEndian(chosen))
        .digest();
      return hash;
    },
    gather(wanted, out) {
      checkGather({ name, size, imageShape }, wanted, out);
      const inner = new Uint32Array(wanted.length);
      for (let i = 0; i < wanted.length; i++) inner[i] = chosen[wanted[i]];
      dataset.gather(inner, out);
    },
    describe: (index) => dataset.describe(chosen[index]),
    ...(dataset.file && { file: (index: number) => dataset.file!(chosen[index]) }),
  };
}

/**
 * The first `count` images, with the same number of each class as far as possible, in their original order, as
 * `--limit` takes them. The same data set and count always give the same images. A data set with at most `count`
 * images is returned unchanged.
 *
 * @throws HarrierError `bad-option` when count is not a whole number of at least 1
 */
export function firstImages(dataset: Dataset, count: number): Dataset {
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new HarrierError('bad-option', 'the number of images cannot be used', {
      where: 'limit',
      expected: 'a whole number from 1',
      received: `${count}`,
    });
  }
  if (count >= dataset.size) return dataset;
  const remaining = evenQuotas(classCounts(dataset), count);
  const indices = new Uint32Array(count);
  let taken = 0;
  for (let i = 0; taken < count; i++) {
    const label = dataset.labels[i];
    if (remaining[label] > 0) {
      remaining[label]--;
      indices[taken++] = i;
    }
  }
  return subset(dataset, indices, `${dataset.name}, first ${count}`);
}

/** How many to take of each class so that they add up to `total` and differ as little as the supply allows. */
function evenQuotas(supply: Uint32Array, total: number): Uint32Array {
  const quotas = new Uint32Array(supply.length);
  let left = total;
  while (left > 0) {
    const open = [...supply.keys()].filter((label) => quotas[label] < supply[label]);
    // When fewer are left than classes, the first classes get one each.
    const fraction = Math.max(1, Math.floor(left / open.length));
    for (const label of open) {
      const take = Math.min(fraction, supply[label] - quotas[label], left);
      quotas[label] += take;
      left -= take;
    }
  }
  return quotas;
}

function littleEndian(values: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  return bytes;
}
