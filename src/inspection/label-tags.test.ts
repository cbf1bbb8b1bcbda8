import { expect, it } from 'vitest';
import { memoryDataset } from '../data/memory.ts';
import { random } from '../data/random.ts';
import { rarestTags } from '../data/tags.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { inspectImages, inspectionText } from './index.ts';

const CLASSES = ['flies', 'hooves', 'wheels'];
const [IMAGES, SIZE] = [240, 30];

/** Features that show each label an image has in ten numbers of their own, and labels of which some are wrong. */
function planted(wrong: number) {
  const stream = random(5, 'tags');
  const truth = Uint8Array.from({ length: IMAGES * 3 }, () => Number(stream.uniform() < 0.4));
  const features = Float32Array.from({ length: IMAGES * SIZE }, (_, i) => {
    const [image, label] = [Math.floor(i / SIZE), Math.floor((i % SIZE) / 10)];
    return 2 + 0.8 * truth[image * 3 + label] + 0.7 * stream.normal();
  });
  const tags = truth.slice();
  const places = random(6, 'wrong').permutation(truth.length).slice(0, wrong);
  for (const place of places) tags[place] = 1 - tags[place];
  const dataset = memoryDataset({
    name: 'planted',
    classNames: CLASSES,
    imageShape: { height: 8, width: 8, channels: 3 },
    labels: rarestTags(tags, 3),
    tags,
    pixels: Uint8Array.from({ length: IMAGES * 192 }, () => stream.integer(256)),
  });
  return { dataset, features, places: new Set(Array.from(places)) };
}

it('finds labels that are wrong, expected mAP and F1, and leaves out what speaks of one class', async () => {
  const { dataset, features, places } = planted(36);
  const found = await inspectImages([{ part: 'train', dataset, features }], {
    runtime: nodeRuntime({ threads: 1 }),
    data: 'planted',
    network: 'made up',
    size: SIZE,
    seed: 1,
  });
  const issues = found.labels.issues.map(({ index, tag, isMissing }) => {
    // What it says of the data is what the data says.
    expect(dataset.tags![index * 3 + CLASSES.indexOf(tag!)]).toBe(isMissing ? 0 : 1);
    return index * 3 + CLASSES.indexOf(tag!);
  });
  const right = issues.filter((place) => places.has(place)).length;
  expect(right / places.size).toBeGreaterThanOrEqual(0.8);
  expect(right / issues.length).toBeGreaterThanOrEqual(0.8);
  // 36 of 720 decisions.
  expect(Math.abs(found.labels.noise - 0.05)).toBeLessThan(0.025);
  expect(found.multiLabel!.meanAveragePrecision).toBeGreaterThan(0.85);
  expect(found.multiLabel!.microF1).toBeGreaterThan(0.8);
  expect(found.classes.map(({ class: name }) => name)).toEqual(CLASSES);
  for (const each of found.classes) expect(each.averagePrecision).toBeGreaterThan(0.8);
  expect([found.learningCurve, found.confusions]).toEqual([undefined, []]);
  const style = { strong: (text: string) => text, faint: (text: string) => text };
  const text = inspectionText(found, style);
  expect(text).toMatch(/Expected mAP +[\d.]+% +micro F1 [\d.]+%/);
  expect(text).toMatch(/probably (also|not) (flies|hooves|wheels) \([^)]*%\)/);
  expect(text).toContain('measured for images of one class each only');
});

it('is refused where memory does not suffice for so many images and classes', async () => {
  const { dataset, features } = planted(0);
  const runtime = { ...nodeRuntime({ threads: 1 }), freeMemory: () => 1e4 };
  const how = { runtime, data: 'planted', network: 'made up', size: SIZE, seed: 1 };
  await expect(inspectImages([{ part: 'train', dataset, features }], how)).rejects.toThrow(
    /fitting a linear head on 240 images of 3 classes at once needs more memory .* Inspect fewer images/,
  );
});
