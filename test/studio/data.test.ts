import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { readRecord } from '../../src/runs/run-record.ts';
import type {
  DatasetAnswer,
  DatasetInfo,
  DuplicatesAnswer,
  ErrorAnswer,
  ImageEntry,
  ImageList,
} from '../../src/studio-server/api.ts';
import { harrier, withoutAdvice, writeImages } from '../cli/harrier.ts';
import { listenTo, openStudio, studioFolder, type TestStudio } from './studio.ts';

let server: TestStudio;
const path = (...parts: string[]) => join(server.folder, ...parts);
const SIDE = 8;

beforeAll(async () => {
  const folder = await studioFolder();
  await writeImages(join(folder, 'images'), { perClass: 120, side: SIDE });
  // The same image twice: in one class, and under another name.
  await cp(join(folder, 'images/cat/3.png'), join(folder, 'images/dog/copy of 3.png'));
  await mkdir(join(folder, 'empty'));
  await writeImages(join(folder, 'damaged'), { perClass: 6, side: SIDE });
  server = await openStudio(folder, {
    data: ['images', 'empty', 'damaged'].map((name) => join(folder, name)),
  });
});
afterAll(() => server.end());

/** The facts, once the data set is open. */
async function facts(id = 'images'): Promise<DatasetInfo> {
  for (;;) {
    const answer = await server.json<DatasetAnswer>(`/api/datasets/${id}`);
    if (answer.state === 'ready') return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const images = (query = '', split = 'train') =>
  server.json<ImageList>(`/api/datasets/images/${split}/images?${query}`);
const mark = async (index: number, change: object, split = 'train') => {
  const answer = await server.send('PUT', `/api/datasets/images/${split}/marks/${index}`, change);
  expect(answer.status).toBe(200);
  return (await answer.json()) as ImageEntry;
};

describe('a data set', () => {
  it('says what is in it, once it is open, and tells how far it is until then', async () => {
    const events = await listenTo(server);
    const { splits, ...rest } = await facts();
    expect(rest).toEqual({
      id: 'images',
      state: 'ready',
      name: path('images'),
      classNames: ['cat', 'dog', 'ship'],
      imageShape: { height: SIDE, width: SIDE, channels: 3 },
      sheet: { cell: SIDE, columns: 16, perPage: 256 },
      hasPhotos: true,
      notes: [],
      skipped: [],
    });
    expect(splits.train.size + splits.test.size).toBe(361);
    expect(splits.train.counts.reduce((sum, count) => sum + count, 0)).toBe(splits.train.size);
    expect(splits.train.marks).toEqual({ relabelled: 0, excluded: 0 });
    const { name, data } = await events.wait(({ name, data }) => name === 'dataset' && data.id === 'images');
    expect([name, data]).toMatchObject(['dataset', { state: expect.stringMatching(/opening|ready/) }]);
    events.close();
  });

  it('says why it cannot be opened, and is asked anew once that is mended', async () => {
    const refused = await server.get('/api/datasets/empty');
    expect(refused.status).toBe(400);
    const { error } = (await refused.json()) as ErrorAnswer;
    expect(error.message).toMatch(/no usable classes/);
    await writeImages(path('empty'), { perClass: 6, side: SIDE });
    expect((await facts('empty')).classNames).toEqual(['cat', 'dog', 'ship']);
    expect((await server.get('/api/datasets/other')).status).toBe(404);
    expect((await server.get('/api/datasets/images/validation/images')).status).toBe(404);
  });
});

describe('images', () => {
  it('are listed by class, by words of class and source, and in pages', async () => {
    const { splits } = await facts();
    const all = await images();
    expect(all.total).toBe(splits.train.size);
    expect(all.images[0]).toEqual({
      index: 0,
      label: 0,
      source: expect.stringMatching(/^cat\/\d+\.png$/),
      copies: expect.any(Number),
    });
    const dogs = await images('class=1');
    expect(dogs.total).toBe(splits.train.counts[1]);
    expect(dogs.images.every(({ label }) => label === 1)).toBe(true);
    expect((await images('q=SHIP')).total).toBe(splits.train.counts[2]);
    const [copy] = [...(await images('q=copy')).images, ...(await images('q=copy', 'test')).images];
    expect(copy.source).toBe('dog/copy of 3.png');
    const every = [...all.images, ...(await images('', 'test')).images];
    const copies = every.filter((image) => image.copies === copy.copies);
    expect(copies.map(({ source }) => source).sort()).toEqual(['cat/3.png', 'dog/copy of 3.png']);
    const page = await images('class=1&offset=10&limit=5');
    expect(page).toEqual({ total: dogs.total, images: dogs.images.slice(10, 15) });
    expect((await images('offset=100000')).images).toEqual([]);
  });

  it.each(['class=cat', 'offset=-1', 'limit=1e3', 'mark=all'])('refuses %s', async (query) => {
    expect((await server.get(`/api/datasets/images/train/images?${query}`)).status).toBe(400);
  });

  it('are found by several words, each in the class or the file', async () => {
    const { total, images: found } = await images('q=3.png+CAT');
    expect(total).toBeGreaterThan(1);
    for (const { label, source } of found) {
      expect(label).toBe(0);
      expect(source).toContain('3.png');
    }
    expect((await images('q=cat+ship')).total).toBe(0);
    expect(await server.json('/api/datasets/images/train/indices?q=3.png+cat')).toEqual(
      found.map(({ index }) => index),
    );
  });

  it('come as the files that they are, in their own shape', async () => {
    const wide = await sharp({ create: { width: 30, height: 10, channels: 3, background: '#c33' } });
    await mkdir(path('photos/a'), { recursive: true });
    await mkdir(path('photos/b'), { recursive: true });
    for (const [i, name] of ['a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'b/3'].entries()) {
      const photo = wide.clone().modulate({ brightness: 1 + i / 10 });
      await (i === 0 ? photo.tiff() : photo.jpeg()).toFile(
        path(`photos/${name}.${i === 0 ? 'tiff' : 'jpg'}`),
      );
    }
    const other = await openStudio(server.folder, { data: [path('photos')] });
    await other.json('/api/datasets/photos');
    const types = new Set<string>();
    for (const split of ['train', 'test']) {
      const list = await other.json<ImageList>(`/api/datasets/photos/${split}/images`);
      for (const { index } of list.images) {
        const answer = await other.get(`/api/datasets/photos/${split}/photo/${index}`);
        expect(answer.status).toBe(200);
        types.add(answer.headers.get('content-type')!);
        const { width, height } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
        expect([width, height]).toEqual([30, 10]);
        const again = await other.get(`/api/datasets/photos/${split}/photo/${index}`, {
          headers: { 'if-none-match': answer.headers.get('etag')! },
        });
        expect(again.status).toBe(304);
      }
    }
    // A TIFF is no format of browsers.
    expect([...types].sort()).toEqual(['image/jpeg', 'image/png']);
    expect((await other.get('/api/datasets/photos/train/photo/99')).status).toBe(404);
    expect((await other.get('/api/datasets/photos/train/seen/0?run=none')).status).toBe(404);
    await other.studio.close();
  });

  it('come as raw pixels, in the order asked for', async () => {
    const { images: list } = await images();
    const answer = await server.get('/api/datasets/images/train/pixels?indices=7,2');
    const pixels = new Uint8Array(await answer.arrayBuffer());
    const file = (index: number) => sharp(path('images', list[index].source)).raw().toBuffer();
    expect(Buffer.from(pixels)).toEqual(Buffer.concat([await file(7), await file(2)]));
    for (const indices of ['', 'x', '1,,2', '100000', Array(257).fill(0).join()]) {
      expect((await server.get(`/api/datasets/images/train/pixels?indices=${indices}`)).status).toBe(400);
    }
  });

  it('come as a model of another size takes them: photos from their own size, cut in its way', async () => {
    const folder = path('large');
    for (const name of ['a/1', 'a/2', 'b/1', 'b/2', 'b/3', 'a/3']) {
      await mkdir(join(folder, name[0]), { recursive: true });
      const pixels = Uint8Array.from(
        { length: 90 * 60 * 3 },
        (_, i) => (i * 7919 + name.charCodeAt(2)) % 251,
      );
      await sharp(pixels, { raw: { width: 90, height: 60, channels: 3 } }).toFile(
        join(folder, `${name}.png`),
      );
    }
    const other = await openStudio(server.folder, { data: [folder] });
    const shape = {
      height: 48,
      width: 48,
      channels: 3,
      preprocessing: { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' },
    } as const;
    const { images: list } = await other.json<ImageList>('/api/datasets/large/train/images');
    const ask = (given: string) =>
      other.get(`/api/datasets/large/train/pixels?indices=1,0&shape=${encodeURIComponent(given)}`);
    const answer = await ask(JSON.stringify(shape));
    const expected = [1, 0].map((index) => decodeImage(join(folder, list[index].source), shape));
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.concat(await Promise.all(expected)));
    const wrong = ['', '{', 'null', '{"height":0,"width":8}', '{"height":99999,"width":99999}'];
    for (const given of [...wrong, JSON.stringify({ ...shape, preprocessing: { resize: 'x' } })]) {
      expect((await ask(given)).status).toBe(400);
    }
    await other.studio.close();
  });

  it('come as images with every pixel as it is', async () => {
    const { images: list } = await images();
    const own = await server.get('/api/datasets/images/train/image/5');
    expect(own.headers.get('content-type')).toBe('image/png');
    const original = await sharp(path('images', list[5].source)).raw().toBuffer();
    expect(
      await sharp(Buffer.from(await own.arrayBuffer()))
        .raw()
        .toBuffer(),
    ).toEqual(original);
    const large = await server.get('/api/datasets/images/train/image/5?size=32');
    const { data, info } = await sharp(Buffer.from(await large.arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([32, 32]);
    expect([...data.subarray(0, 3)]).toEqual([...original.subarray(0, 3)]);
    expect([...data.subarray(4 * 3, 5 * 3)]).toEqual([...original.subarray(3, 6)]);
    expect((await server.get('/api/datasets/images/train/image/100000')).status).toBe(404);
    expect((await server.get('/api/datasets/images/train/image/1.5')).status).toBe(404);
  });
});

describe('sheets', () => {
  const sheet = async (query: string) => {
    const answer = await server.get(`/api/datasets/images/train/sheet?${query}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp']);
    return sharp(Buffer.from(await answer.arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true });
  };
  /** Mean of all values of a cell. */
  const meanOf = (data: Buffer, place: number): number => {
    const [top, left] = [Math.floor(place / 16) * SIDE, (place % 16) * SIDE];
    let sum = 0;
    for (let y = 0; y < SIDE; y++) {
      const start = ((top + y) * 16 * SIDE + left) * 3;
      for (const value of data.subarray(start, start + SIDE * 3)) sum += value;
    }
    return sum / (SIDE * SIDE * 3);
  };

  it('hold 256 images each, sixteen in a row, in the order of the list', async () => {
    const { total, images: list } = await images();
    const first = await sheet('page=0');
    expect([first.info.width, first.info.height]).toEqual([16 * SIDE, 16 * SIDE]);
    for (const place of [0, 15, 16, 200, 255]) {
      const original = await sharp(path('images', list[place].source)).raw().toBuffer();
      const mean = original.reduce((sum, value) => sum + value, 0) / original.length;
      expect(Math.abs(meanOf(first.data, place) - mean)).toBeLessThan(4);
    }
    const last = await sheet('page=1');
    expect(last.info.height).toBe(Math.ceil((total - 256) / 16) * SIDE);
  });

  it('hold what a filter finds, or just the images that are named', async () => {
    const dogs = await images('class=1');
    const [byClass, named] = [await sheet('class=1'), await sheet('indices=250,3')];
    const original = await sharp(path('images', dogs.images[2].source)).raw().toBuffer();
    const mean = original.reduce((sum, value) => sum + value, 0) / original.length;
    expect(Math.abs(meanOf(byClass.data, 2) - mean)).toBeLessThan(4);
    const whole = await sheet('page=0');
    expect(Math.abs(meanOf(named.data, 0) - meanOf(whole.data, 250))).toBeLessThan(2);
    expect(Math.abs(meanOf(named.data, 1) - meanOf(whole.data, 3))).toBeLessThan(2);
  });

  it('are drawn once: who has one is told so, and who names the data keeps it for ever', async () => {
    const url = '/api/datasets/images/train/sheet?page=0';
    const first = await server.get(url);
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const again = await server.get(url, { headers: { 'if-none-match': etag } });
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
    const { splits } = await facts();
    const named = await server.get(`${url}&v=${splits.train.hash}`);
    expect(named.headers.get('cache-control')).toMatch(/immutable/);
    expect((await server.get(`${url}&v=other`)).headers.get('cache-control')).toBe('private, no-cache');
  });
});

it('finds images that are there twice, in whichever part they are', async () => {
  const events = await listenTo(server);
  const begun = await server.get('/api/datasets/images/duplicates');
  expect([200, 202]).toContain(begun.status);
  let answer: DuplicatesAnswer;
  do answer = await server.json<DuplicatesAnswer>('/api/datasets/images/duplicates');
  while (answer.state === 'searching');
  const exact = answer.groups.filter(({ kind }) => kind === 'exact');
  expect(exact).toHaveLength(1);
  const found = await Promise.all(
    exact[0].images.map(async ({ split, index }) => (await images('', split)).images[index].source),
  );
  expect(found.sort()).toEqual(['cat/3.png', 'dog/copy of 3.png']);
  expect(exact[0].images.map(({ label }) => label).sort()).toEqual([0, 1]);
  await events.wait(({ name, data }) => name === 'duplicates' && data.state === 'done');
  events.close();
});

describe('marks', () => {
  it('are kept beside the data, which stays as it is, and are found again', async () => {
    const { images: before } = await images();
    expect(await mark(4, { label: 2 })).toEqual({ ...before[4], mark: { label: 2 } });
    expect(await mark(5, { excluded: true })).toEqual({ ...before[5], mark: { excluded: true } });
    expect(await mark(4, { excluded: true })).toEqual({ ...before[4], mark: { label: 2, excluded: true } });
    expect(await mark(4, { excluded: false })).toEqual({ ...before[4], mark: { label: 2 } });
    expect(JSON.parse(await readFile(path('images/harrier-marks.json'), 'utf8'))).toEqual({
      format: 1,
      images: { [before[4].source]: { label: 'ship' }, [before[5].source]: { excluded: true } },
    });
    expect((await images('mark=relabelled')).images).toEqual([{ ...before[4], mark: { label: 2 } }]);
    expect((await images('mark=excluded')).total).toBe(1);
    expect((await images('mark=any')).total).toBe(2);
    expect((await images('mark=none')).total).toBe(before.length - 2);
    expect((await images('class=2')).images[0].index).toBe(4);
    expect((await facts()).splits.train.marks).toEqual({ relabelled: 1, excluded: 1 });

    const other = await openStudio(server.folder, { data: [path('images')] });
    const list = await other.json<ImageList>('/api/datasets/images/train/images?mark=any');
    expect(list.images.map(({ index }) => index)).toEqual([4, 5]);
    await other.studio.close();
  });

  it('go away when an image is what it was', async () => {
    const { images: before } = await images();
    const events = await listenTo(server);
    await mark(6, { label: 1 });
    // Other pages learn of it.
    const { data } = await events.wait(({ name }) => name === 'dataset');
    expect(data).toMatchObject({
      id: 'images',
      splits: { train: { marks: { relabelled: 2, excluded: 1 } } },
    });
    events.close();
    expect(await mark(6, { label: before[6].label })).not.toHaveProperty('mark');
    await mark(6, { label: 1 });
    expect(await mark(6, { label: null })).not.toHaveProperty('mark');
    expect((await images('mark=any')).total).toBe(2);
  });

  it('of many images are changed at once, all or none, and say what was there', async () => {
    const put = (changes: unknown) => server.send('PUT', '/api/datasets/images/train/marks', { changes });
    await mark(8, { label: 2 });
    const kept = (await images('mark=any')).total;
    const changed = await put([
      { indices: [8, 9], label: 1 },
      { indices: [10], excluded: true },
    ]);
    const { before, after } = (await changed.json()) as { before: ImageEntry[]; after: ImageEntry[] };
    expect(before.map((each) => [each.index, each.mark])).toEqual([
      [8, { label: 2 }],
      [9, undefined],
      [10, undefined],
    ]);
    expect(after.map((each) => each.mark)).toEqual([{ label: 1 }, { label: 1 }, { excluded: true }]);
    for (const wrong of [
      [{ indices: [7], label: 9 }],
      [{ indices: [7], excluded: true }, { indices: [99_999] }],
      [{ indices: 'all', excluded: true }],
      [{ excluded: true }],
      [],
      'all',
    ]) {
      const answer = await put(wrong);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(((await answer.json()) as ErrorAnswer).error.message).toMatch(/\.$/);
    }
    expect((await images('mark=any')).total).toBe(kept + 2);
    await put([{ indices: [8, 9, 10], label: null, excluded: false }]);
    expect((await images('mark=any')).total).toBe(kept - 1);
  });

  it('are of the images that a page showed: those of another server are refused', async () => {
    const { hash } = (await facts()).splits.train;
    const put = (of: string) =>
      server.send('PUT', '/api/datasets/images/train/marks', {
        hash: of,
        changes: [{ indices: [7], excluded: true }],
      });
    const refused = await put('0'.repeat(64));
    expect([refused.status, ((await refused.json()) as ErrorAnswer).error.message]).toEqual([
      409,
      expect.stringMatching(/the images have changed since this page showed them: nothing is changed/),
    ]);
    expect((await put(hash)).status).toBe(200);
    await mark(7, { excluded: false });
  });

  it('go back to what somebody else wrote meanwhile', async () => {
    const file = path('images/harrier-marks.json');
    const { images: list } = await images();
    const key = list[11].source;
    const kept = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...kept, images: { ...kept.images, [key]: { label: 'dog' } } }));
    const changes = [{ indices: [list[11].index], excluded: true }];
    const changed = await server.send('PUT', '/api/datasets/images/train/marks', { changes });
    const { before } = (await changed.json()) as { before: ImageEntry[] };
    expect(before[0].mark).toEqual({ label: 1 });
    await mark(list[11].index, { label: null, excluded: false });
  });

  it('are all kept when many come at a time', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => mark(20 + i, { excluded: true })));
    expect((await images('mark=excluded')).total).toBe(21);
    await Promise.all(Array.from({ length: 20 }, (_, i) => mark(20 + i, { excluded: false })));
    expect((await images('mark=excluded')).total).toBe(1);
  });

  it('are what training learns from, and run.json says so; a run keeps those that it began with', async () => {
    const { splits } = await facts();
    const place = { cwd: server.folder };
    const train = (out: string, ...more: string[]) =>
      harrier(['train', '--data', 'images', '--epochs', '1', '--out', out, ...more], place);
    const recordOf = async (name: string) => readRecord(await readFile(path(name, 'run.json'), 'utf8'), name);
    expect((await train('marked')).code).toBe(0);
    const { data } = await recordOf('marked');
    expect(data.train.images).toBe(splits.train.size - 1);
    expect(data.train.name).toMatch(/, 1 relabelled, 1 excluded$/);
    expect(data.marks).toMatchObject({
      train: { relabelled: 1, excluded: 1 },
      test: { relabelled: 0, excluded: 0 },
    });
    expect((await train('plain', '--corrections', 'none')).code).toBe(0);
    const plain = await recordOf('plain');
    expect(plain.data.train).toMatchObject({ images: splits.train.size, hash: splits.train.hash });
    expect([plain.data.marks, plain.options.marks]).toEqual([undefined, 'none']);

    await mark(9, { excluded: true });
    const goneOn = await harrier(['train', '--resume', 'marked', '--epochs', '2'], place);
    expect([goneOn.code, withoutAdvice(goneOn)]).toEqual([0, '']);
    expect((await recordOf('marked')).data.train).toEqual(data.train);
    await mark(9, { excluded: false });
  });

  it('of images that are gone are said to be, and others stay', async () => {
    const file = path('images/harrier-marks.json');
    const kept = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(
      file,
      JSON.stringify({ ...kept, images: { ...kept.images, 'cat/gone.png': { excluded: true } } }),
    );
    const { stderr, code } = await harrier(['data', 'images'], { cwd: server.folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /Note: .*harrier-marks\.json: a label correction is of an image no longer there \(cat\/gone\.png\)\./,
    );
    await writeFile(file, JSON.stringify(kept));
  });

  it('of classes that are gone are said to be, and not used', async () => {
    const file = path('images/harrier-marks.json');
    const before = await readFile(file, 'utf8');
    const kept = JSON.parse(before);
    const [image] = Object.keys(kept.images);
    const images = { ...kept.images, [image]: { label: 'lynx' } };
    await writeFile(file, JSON.stringify({ ...kept, images }));
    const { stderr, code } = await harrier(['data', 'images'], { cwd: server.folder });
    expect(code).toBe(0);
    expect(stderr).toContain(
      `a label correction names a class that the data does not have (${image}: lynx), so it is not used.`,
    );
    await writeFile(file, before);
  });

  it.each([
    ['{', /not JSON.*Restore the file, or delete it/],
    ['{"format":9,"images":{}}', /made by a newer version/],
    ['{"format":1,"images":{"cat/1.png":{"label":3}}}', /this file holds no label corrections/],
  ])('that are damaged (%s) fail with a sentence', async (text, message) => {
    const file = path('damaged/harrier-marks.json');
    await writeFile(file, text);
    const { code, stderr } = await harrier(['data', 'damaged'], { cwd: server.folder });
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    const answer = await server.get('/api/datasets/damaged');
    expect(((await answer.json()) as ErrorAnswer).error.message).toMatch(message);
    await rm(file);
  });
});
