import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readImageFile } from '../../platform/node/images/decode.ts';
import { Reporter } from '../reporter.ts';
import { predictToFile } from './to-file.ts';

let place: string;
const at = (...names: string[]) => join(place, ...names);
const COUNT = 70;
const names = Array.from({ length: COUNT }, (_, i) => (i < 3 ? `here/${i}` : `disk/photos/${i}`));

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'harrier-to-file-'));
  await mkdir(at('here'));
  await mkdir(at('disk/photos'), { recursive: true });
  for (const name of names) await writeFile(at(name), name.at(-1)!);
});
afterAll(() => rm(place, { recursive: true }));

/** Answers each file with its first byte. */
function answer(list: readonly string[], out: string): Promise<void> {
  const output = new Writable({ write: (_, __, done) => done() }) as unknown as NodeJS.WriteStream;
  return predictToFile(
    {
      model: 'abc',
      names: async function* () {
        yield* list.map((name) => at(name));
      },
      out: at(out),
      read: readImageFile,
      answersTo: async (pixels) => [...pixels].map((byte) => ({ byte })),
      atOnce: 1,
    },
    new Reporter({ stdout: output, stderr: output }),
    { exitCode: undefined, signal: new AbortController().signal, end: () => {} },
  );
}

const lines = async (out: string) =>
  (await readFile(at(out), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { file: string; byte?: number; error?: string });

it('takes a disk that is away for no answer about its images', async () => {
  await rename(at('disk'), at('away'));
  await expect(answer(names, 'all.jsonl')).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringMatching(
      /67 images in a row: there is no such file\. .*resumes with this image\. If the files are gone for good/,
    ),
  });
  expect(await lines('all.jsonl')).toHaveLength(3);
  await expect(answer(names.slice(3, 5), 'short.jsonl')).rejects.toThrow('2 images in a row');
  expect(await lines('short.jsonl')).toEqual([]);
  await rename(at('away'), at('disk'));
  for (const out of ['all.jsonl', 'short.jsonl']) {
    const list = out === 'all.jsonl' ? names : names.slice(3, 5);
    await answer(list, out);
    expect((await lines(out)).filter(({ byte }) => byte !== undefined)).toHaveLength(list.length);
  }
});

it('says of a single file that it is not there', async () => {
  await expect(
    answer(['disk/photos/none', 'here/0', 'nowhere/0', 'here/1'], 'single.jsonl'),
  ).rejects.toThrow();
  expect((await lines('single.jsonl')).map(({ error }) => error?.replace(/^.*: /, ''))).toEqual([
    'there is no such file. Check the path.',
    undefined,
    'there is no such file. Check the path.',
    undefined,
  ]);
});

it('proposes another file where there can be none', async () => {
  await expect(answer(names, 'here/0/out.jsonl')).rejects.toThrow(/choose another file with --out\.$/);
});
