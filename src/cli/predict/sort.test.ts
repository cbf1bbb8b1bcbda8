import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HarrierError } from '../../errors.ts';
import { readImageFile } from '../../platform/node/images/decode.ts';
import { Reporter } from '../reporter.ts';
import { type Sorting, sortImages } from './sort.ts';

let place: string;
const at = (...names: string[]) => join(place, ...names);
const photo = async (name: string, text: string) => {
  await mkdir(join(at(name), '..'), { recursive: true });
  await writeFile(at(name), text);
};
/** Every file below a folder with its content. */
async function tree(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(at(folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const));
  return Object.fromEntries(
    found
      .map(([file, text]) => [file.slice(at(folder).length + 1), text])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
const images = async (folder: string) => {
  const { 'predictions.csv': _, ...rest } = await tree(folder);
  return rest;
};
const rows = async () =>
  (await readFile(at('sorted/predictions.csv'), 'utf8')).trimEnd().split('\n').slice(1);

/** Says what a file holds: "a90" is of class ant with a probability of 0.9, "?" is of none. */
async function sort(files: readonly string[], given: Partial<Sorting> = {}) {
  const said: string[] = [];
  const asked: string[] = [];
  const output = new Writable({
    write(text, _, done) {
      said.push(`${text}`.trim());
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const reporter = new Reporter({ stdout: output, stderr: output });
  const classNames = given.classNames ?? ['ant', 'bee'];
  const done = sortImages(
    {
      files: files.map((name) => at(name)),
      words: [],
      folder: at('sorted'),
      classNames,
      tellsUnknown: true,
      model: 'abc',
      read: async (name) => {
        const bytes = await readImageFile(name);
        if (bytes.length !== 3) throw new HarrierError('bad-data', 'this is no image', { where: name });
        asked.push(name.slice(place.length + 1));
        return bytes;
      },
      answersTo: async (pixels) =>
        Array.from({ length: pixels.length / 3 }, (_, i) => {
          const text = Buffer.from(pixels.subarray(3 * i, 3 * i + 3)).toString();
          const label = classNames.find((name) => name[0] === text[0]) ?? classNames[0];
          const probability = Number(text.slice(1)) / 100 || 0.5;
          return { predictions: [{ label, probability }], unknown: text[0] === '?' };
        }),
      atOnce: 1,
      ...given,
    },
    reporter,
    { exitCode: undefined, signal: new AbortController().signal, end: () => {} },
  );
  const error = await done.then(
    () => undefined,
    (reason) => reason,
  );
  if (error instanceof HarrierError) throw error;
  return { said, asked, failed: error !== undefined };
}

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'harrier-sort-'));
});
afterEach(() => rm(place, { recursive: true }));

describe('predict --sort', () => {
  const FILES = ['in/1.jpg', 'in/2.jpg', 'in/deep/1.jpg', 'in/3.jpg', 'in/deep/2.jpg'];
  beforeEach(async () => {
    for (const [i, text] of ['a95', 'b80', 'a91', '?70', 'b80'].entries()) await photo(FILES[i], text);
  });

  it('copies images into the folders of their classes, and overwrites none', async () => {
    const { said } = await sort(FILES, { atLeast: 0.9 });
    expect(said.at(-1)).toBe('2 sorted into 1 class, 2 unsure, 1 unknown');
    const sorted = {
      'ant/1-2.jpg': 'a91',
      'ant/1.jpg': 'a95',
      'unknown/3.jpg': '?70',
      // Both have this name and this content.
      'unsure/2.jpg': 'b80',
    };
    expect(await images('sorted')).toEqual(sorted);
    expect(Object.keys(await tree('in'))).toHaveLength(5);
    const table = await rows();
    expect(table[2]).toMatch(/in\/deep\/1\.jpg,ant,0\.91,false,ant\/1-2\.jpg,[0-9a-f]{64},abc,$/);
    expect(table.map((line) => line.split(',')[4])).toEqual([
      ...['ant/1.jpg', 'unsure/2.jpg', 'ant/1-2.jpg', 'unknown/3.jpg', 'unsure/2.jpg'],
    ]);
    // The same command again does nothing, also where a copy was corrected by hand since.
    await mkdir(at('sorted/bee'));
    await rename(at('sorted/ant/1.jpg'), at('sorted/bee/1.jpg'));
    const again = await sort(FILES, { atLeast: 0.9 });
    expect(again.asked).toEqual([]);
    expect(again.said).toEqual([
      '5 images of these had been sorted before.',
      '2 sorted into 1 class, 2 unsure, 1 unknown',
    ]);
    expect(Object.keys(await images('sorted'))).toEqual([
      ...['ant/1-2.jpg', 'bee/1.jpg', 'unknown/3.jpg', 'unsure/2.jpg'],
    ]);
    expect(await rows()).toEqual(table);
  });

  it('moves images; those of the same name that come later go beside them', async () => {
    await sort(FILES, { move: true });
    expect(await tree('in')).toEqual({});
    const before = await images('sorted');
    expect(Object.values(before).sort()).toEqual(['?70', 'a91', 'a95', 'b80']);
    await photo('in/1.jpg', 'a77');
    expect((await sort(['in/1.jpg'], { move: true })).said).toEqual(['1 sorted into 1 class, 0 unknown']);
    expect(await images('sorted')).toEqual({ ...before, 'ant/1-3.jpg': 'a77' });
    expect(await rows()).toHaveLength(6);
    // One that was sorted, and is put back, is sorted again.
    await rename(at('sorted/ant/1.jpg'), at('in/1.jpg'));
    await sort(['in/1.jpg'], { move: true });
    expect([await tree('in'), await images('sorted')]).toEqual([{}, { ...before, 'ant/1-3.jpg': 'a77' }]);
  });

  it.each([false, true])('goes on after it was cut off anywhere (moving: %s)', async (move) => {
    await sort(FILES.slice(0, 3), { move });
    const table = await readFile(at('sorted/predictions.csv'), 'utf8');
    // A line is half-written, a copy is half-made, and an image has its new name but no line and its old name still.
    await photo('in/1.jpg', 'a95');
    const whole = table.trimEnd().split('\n').slice(0, 2).join('\n');
    await writeFile(at('sorted/predictions.csv'), `${whole}\n${at('in/2.jpg')},bee,0.`);
    await writeFile(at('sorted/ant/9.jpg.123-0123abcd.tmp'), 'a');
    await photo('in/2.jpg', 'b80');
    await photo('in/deep/1.jpg', 'a91');
    await sort(FILES, { move });
    expect(await images('sorted')).toEqual({
      ...{ 'ant/1-2.jpg': 'a91', 'ant/1.jpg': 'a95', 'bee/2.jpg': 'b80', 'unknown/3.jpg': '?70' },
    });
    expect(Object.keys(await tree('in'))).toHaveLength(move ? 0 : 5);
    expect((await rows()).map((line) => line.split(',')[4])).toEqual([
      ...['ant/1.jpg', 'bee/2.jpg', 'ant/1-2.jpg', 'unknown/3.jpg', 'bee/2.jpg'],
    ]);
  });

  it('leaves no image in two folders where another model, or another limit, sorts it', async () => {
    await sort(FILES, { atLeast: 0.9 });
    await sort(FILES, { atLeast: 0.8, model: 'abc --at-least 0.8' });
    expect(await images('sorted')).toEqual({
      ...{ 'ant/1-2.jpg': 'a91', 'ant/1.jpg': 'a95', 'bee/2.jpg': 'b80', 'unknown/3.jpg': '?70' },
    });
    expect(await rows()).toHaveLength(10);
  });

  it('sorts what lies in its folders only where they are named, and then moves it', async () => {
    await sort(FILES, { atLeast: 0.9, move: true });
    const before = await images('sorted');
    const own = Object.keys(before).map((name) => `sorted/${name}`);
    const all = await sort(own, { words: [at('sorted')], move: true });
    expect([all.said[0], await images('sorted')]).toEqual([
      '4 images lie in the folders of '.concat(at('sorted'), ' already: not sorted again.'),
      before,
    ]);
    await photo('sorted/old/5.jpg', 'a90');
    await sort(['sorted/old/5.jpg'], { words: [place], move: true });
    expect(await images('sorted')).toEqual({ ...before, 'old/5.jpg': 'a90' });
    await rm(at('sorted/old'), { recursive: true });
    const words = [at('sorted/unsure')];
    await expect(sort(own, { words })).rejects.toThrow(/these images are in the folder already\. Add --move/);
    const said = await sort(own, { words, move: true, model: 'surer' });
    expect(said.said.at(-1)).toBe('1 sorted into 1 class, 0 unknown');
    const { 'unsure/2.jpg': moved, ...rest } = before;
    expect(await images('sorted')).toEqual({ ...rest, 'bee/2.jpg': moved });
    // Those that are in the right folder stay.
    await sort(['sorted/bee/2.jpg'], { words: [at('sorted/bee')], move: true, model: 'another' });
    expect(await images('sorted')).toEqual({ ...rest, 'bee/2.jpg': moved });
  });

  it('loses no image to links: they are not moved, and are no copies', async () => {
    await symlink(at('in/1.jpg'), at('in/link.jpg'));
    await mkdir(at('sorted/ant'), { recursive: true });
    await symlink(at('in/1.jpg'), at('sorted/ant/1.jpg'));
    const { said } = await sort(['in/link.jpg', 'in/1.jpg'], { move: true });
    expect(said[0]).toBe(`Note: ${at('in/link.jpg')} stays where it is: it is a link.`);
    expect(await images('sorted')).toEqual({ 'ant/1-2.jpg': 'a95' });
    // Where a class has its folder elsewhere, by a link, an image that lies there stays.
    await rm(at('sorted/ant'), { recursive: true });
    await symlink(at('in'), at('sorted/ant'));
    await photo('in/4.jpg', 'a90');
    await sort(['in/4.jpg'], { move: true });
    expect(await readFile(at('in/4.jpg'), 'utf8')).toBe('a90');
  });

  it('leaves images that cannot be read where they are', async () => {
    await photo('in/bad.jpg', 'broken');
    const files = ['in/bad.jpg', 'in/1.jpg', 'in/gone.jpg'];
    const strict = await sort(files, { move: true });
    expect([strict.failed, strict.said]).toEqual([
      true,
      [
        '1 sorted into 1 class, 0 unknown',
        `error: 2 of 3 images could not be read and stay where they are; ${at('sorted/predictions.csv')} says why`,
      ],
    ]);
    await photo('in/1.jpg', 'a96');
    expect((await sort(files, { move: true, skipBad: true })).failed).toBe(false);
    expect((await sort(['in/bad.jpg'], { move: true, skipBad: true })).failed).toBe(true);
    expect(await readFile(at('in/bad.jpg'), 'utf8')).toBe('broken');
    const bad = (await rows()).filter((line) => line.includes('bad.jpg'));
    expect(bad).toEqual([expect.stringMatching(/in\/bad\.jpg,,,,,[0-9a-f]{64},abc,.*this is no image\.?$/)]);
  });

  it('leaves what somebody has moved since, also with another model', async () => {
    await sort(FILES);
    const before = await images('sorted');
    const [[moved, content]] = Object.entries(before).filter(([name]) => name.startsWith('ant/'));
    const name = moved.slice('ant/'.length);
    await rename(at('sorted', moved), at('sorted/bee', name));
    await sort(FILES, { model: 'def' });
    const { [moved]: _, ...others } = before;
    expect(await images('sorted')).toEqual({ ...others, [`bee/${name}`]: content });
    // Sorted from where it was put aside, it is the same image.
    await rename(at('sorted/bee', name), at('sorted/ant', name));
    await sort([`sorted/ant/${name}`], { words: [at('sorted/ant', name)], move: true, model: 'ghi' });
    await sort(FILES, { model: 'jkl' });
    expect(Object.keys(await images('sorted')).filter((each) => each.endsWith(`/${name}`))).toHaveLength(1);
  });

  it('counts a photo once that is named in two ways', async () => {
    await mkdir(at('other'));
    await symlink(at('in'), at('other/link'));
    const { said } = await sort(['in/1.jpg', 'other/link/1.jpg', 'other/../in/1.jpg']);
    expect(said.at(-1)).toBe('1 sorted into 1 class, 0 unknown');
  });

  it('says which photos stay, and is no success then', async () => {
    await symlink(at('in/1.jpg'), at('in/link.jpg'));
    for (const move of [false, true]) {
      const { said, failed } = await sort(['in/link.jpg'], { move });
      expect(failed).toBe(move);
      if (move)
        expect(said.join()).toMatch(/in\/link\.jpg stays where it is: it is a link.*1 left where they were/);
    }
    expect(await readdir(at('in'))).toContain('link.jpg');
    await expect(sort(['gone/1.jpg'], { words: [at('gone')], folder: at('new') })).rejects.toThrow(
      `${at('gone')}: there is no such file or folder`,
    );
    expect(await readdir(place)).not.toContain('new');
  });

  it('keeps the time of a photo', async () => {
    const { mtimeMs } = await stat(at('in/1.jpg'));
    await sort(['in/1.jpg']);
    expect(Math.abs((await stat(at('sorted/ant/1.jpg'))).mtimeMs - mtimeMs)).toBeLessThan(2);
  });

  it.each<[Partial<Sorting>, RegExp]>([
    [
      { classNames: ['a/b', 'c'] },
      /^a\/b: no folder can be called after this class .* Print the answers with --csv/,
    ],
    [{ classNames: ['Unsure', 'b'], atLeast: 0.5 }, /^--at-least: this model has a class "unsure": .* Leave/],
    [{ classNames: ['predictions.csv', 'b'] }, /^predictions\.csv: a class has the name of the table/],
    [{ classNames: ['unknown', 'b'] }, /^--sort: this model has a class "unknown", and tells unknown images/],
  ])('refuses %j', async (given, sentence) => {
    await expect(sort(FILES, given)).rejects.toThrow(sentence);
    expect(await readdir(place)).toEqual(['in']);
  });

  it("does not write into somebody's table", async () => {
    await photo('sorted/predictions.csv', 'file,label\n');
    await expect(sort(FILES)).rejects.toThrow(
      /predictions\.csv: this file holds no answers of predict --sort\. Choose another folder with --sort/,
    );
    expect(await tree('sorted')).toEqual({ 'predictions.csv': 'file,label\n' });
  });

  it('takes for its own only what lies in its folders', async () => {
    await sort(FILES.slice(0, 1));
    const table = await readFile(at('sorted/predictions.csv'), 'utf8');
    await writeFile(
      at('sorted/predictions.csv'),
      table.replace('ant/1.jpg', '../copy.jpg').replace(',abc,', ',old,'),
    );
    await writeFile(at('copy.jpg'), 'a95');
    await sort(FILES.slice(0, 1));
    expect(await readFile(at('copy.jpg'), 'utf8')).toBe('a95');
  });
});
