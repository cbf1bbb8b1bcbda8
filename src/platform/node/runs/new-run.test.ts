import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newRun } from './new-run.ts';
import { createRunFolder } from './run-folder.ts';

describe('a run of a recipe', () => {
  it('averages no mirror images where somebody left mirroring out', async () => {
    const views = async (given: object) =>
      (await newRun({ data: 'photos', recipe: 'quick', ...given })).options.testTimeAugmentation;
    expect(await views({})).toBe('flip-shift');
    expect(await views({ augment: [] })).toBe('none');
    expect(await views({ augment: [{ name: 'RandomTranslation', pixels: 2, fill: 'reflect' }] })).toBe(
      'none',
    );
    expect(await views({ augment: [{ name: 'RandomFlip', mode: 'horizontal' }] })).toBe('flip-shift');
    expect(await views({ augment: [], tta: 'flip' })).toBe('flip');
  });

  it('chooses nothing by naming the optimizer that the recipe has anyway', async () => {
    const chosen = async (given: object) =>
      (await newRun({ data: 'photos', recipe: 'quick', ...given })).chosen;
    expect(await chosen({ optimizer: 'muon' })).not.toContain('optimizer');
    expect(await chosen({ optimizer: 'adam' })).toContain('optimizer');
  });
});

describe('the folder of a run', () => {
  it('may hold what a process left that was killed before it wrote a record', async () => {
    const place = await mkdtemp(join(tmpdir(), 'harrier-new-run-'));
    try {
      const killed = join(place, 'killed');
      await mkdir(killed);
      await writeFile(join(killed, '.lock'), '{}');
      expect((await createRunFolder('quick', killed)).path).toBe(killed);
      await writeFile(join(killed, 'notes.txt'), 'mine');
      await expect(createRunFolder('quick', killed)).rejects.toThrow('this folder is not empty');
    } finally {
      await rm(place, { recursive: true });
    }
  });
});
