import { ImageChoice } from 'harrier';
import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';

const SIZE = 16;
const runtime = nodeRuntime({ threads: 1 });

/** Crowds of images around directions of their own: `counts[i]` images around direction i. */
function crowds(counts: readonly number[], spread = 0.2): { features: Float32Array; crowdOf: number[] } {
  const draws = random(5, 'crowds');
  const crowdOf = counts.flatMap((count, crowd) => new Array<number>(count).fill(crowd));
  const features = new Float32Array(crowdOf.length * SIZE);
  crowdOf.forEach((crowd, image) => {
    for (let i = 0; i < SIZE; i++)
      features[image * SIZE + i] = (i === crowd ? 3 : 0) + spread * draws.normal();
  });
  return { features, crowdOf };
}

describe('the choice of images', () => {
  it('takes one image of each crowd before a second of any, the smallest crowds last', async () => {
    const { features, crowdOf } = crowds([40, 12, 25, 8]);
    const choice = await ImageChoice.of(runtime, features, SIZE);
    const chosen = choice.next(4, { labelled: [] });
    const order = chosen.map((image) => crowdOf[image]);
    expect([order.slice(0, 2).sort(), order.slice(2)]).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  it('leaves out what labelled images stand for, and what was skipped', async () => {
    const { features, crowdOf } = crowds([40, 12, 25, 8]);
    const choice = await ImageChoice.of(runtime, features, SIZE);
    const chosen = choice.next(4, { labelled: [] });
    const after = choice.next(3, { labelled: chosen.slice(0, 1) });
    expect(after).toEqual(chosen.slice(1));
    const others = choice.next(3, { labelled: chosen.slice(0, 1), leftOut: new Set([after[0]]) });
    expect(others).not.toContain(after[0]);
    expect(others.map((image) => crowdOf[image]).sort()).toEqual(after.map((image) => crowdOf[image]).sort());
  });

  it('prefers images that the head is unsure of, and still takes them from different crowds', async () => {
    const { features, crowdOf } = crowds([30, 30, 30]);
    const choice = await ImageChoice.of(runtime, features, SIZE);
    // Of two crowds of three the head is quite sure.
    const probabilities = Float32Array.from(crowdOf.flatMap((crowd) => (crowd === 2 ? [0.5, 0.5] : [1, 0])));
    const labelled = [0, 30, 60];
    const [first] = choice.next(1, { labelled, probabilities });
    expect(crowdOf[first]).toBe(2);
    const unsure = new Float32Array(crowdOf.length * 2).fill(0.5);
    const even = choice.next(6, { labelled, probabilities: unsure });
    expect(new Set(even.map((image) => crowdOf[image])).size).toBe(3);
  });

  it('takes all that there are, each once, where fewer are left than were asked for', async () => {
    const { features } = crowds([3, 2]);
    const choice = await ImageChoice.of(runtime, features, SIZE);
    expect(choice.next(9, { labelled: [1] }).sort()).toEqual([0, 2, 3, 4]);
    expect(choice.next(9, { labelled: [0, 1, 2, 3, 4] })).toEqual([]);
    const alone = await ImageChoice.of(runtime, features.subarray(0, SIZE), SIZE);
    expect(alone.next(3, { labelled: [] })).toEqual([0]);
    await expect(ImageChoice.of(runtime, features.subarray(1), SIZE)).rejects.toMatchObject({
      code: 'bad-shape',
    });
  });

  it('knows copies of labelled images', async () => {
    const { features, crowdOf } = crowds([20, 20], 2);
    features.set(features.subarray(3 * SIZE, 4 * SIZE), 30 * SIZE);
    const choice = await ImageChoice.of(runtime, features, SIZE);
    expect(choice.copyOf(30, (other) => other === 3)).toBe(3);
    expect(choice.copyOf(30, (other) => other !== 3 && crowdOf[other] === 1)).toBeUndefined();
    expect(choice.copies[30]).toBe(choice.copies[3]);
    expect(new Set(choice.copies).size).toBe(39);
  });
});
