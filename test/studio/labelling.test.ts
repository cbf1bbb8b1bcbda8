import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../src/data/random.ts';
import { loadBackbone } from '../../src/platform/node/backbones/load-backbone.ts';
import { LabelList } from '../../src/platform/node/datasets/label-list.ts';
import { openDataset } from '../../src/platform/node/datasets/open-dataset.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { shippedModel } from '../../src/platform/node/runs/shipped-model.ts';
import type {
  ErrorAnswer,
  LabellingAct,
  LabellingAnswer,
  LabellingInfo,
  MovedImages,
} from '../../src/studio-server/api.ts';
import { moveToClassFolders } from '../../src/studio-server/labelling/class-folders.ts';
import { LabelSession } from '../../src/studio-server/labelling/session.ts';
import { listUnsorted } from '../../src/studio-server/labelling/unsorted-images.ts';
import { listenTo, openStudio, studioFolder, type TestStudio } from './studio.ts';

/** What an image shows stands in its name: red, green or blue ones, with stripes of their own. */
const COLOURS = { red: [220, 40, 40], green: [40, 210, 50], blue: [40, 60, 220] } as const;

async function writePhotos(folder: string, perClass: number): Promise<void> {
  await mkdir(join(folder, 'more'), { recursive: true });
  let at = 0;
  for (const [name, [r, g, b]] of Object.entries(COLOURS)) {
    for (let i = 0; i < perClass; i++) {
      const path = join(folder, i % 3 === 0 ? 'more' : '', `${name}-${i}.png`);
      const draws = random(at++, 'photo');
      const [across, down, phase] = [0.6, 0.6, 2 * Math.PI].map((most) => most * draws.uniform());
      const pixels = Buffer.alloc(48 * 32 * 3);
      for (let p = 0; p < pixels.length; p++) {
        const [x, y] = [Math.floor(p / 3) % 48, Math.floor(p / (3 * 48))];
        pixels[p] = [r, g, b][p % 3] * (0.8 + 0.2 * Math.sin(across * x + down * y + phase));
      }
      await sharp(pixels, { raw: { width: 48, height: 32, channels: 3 } })
        .png()
        .toFile(path);
    }
  }
}

const truth = (file: string) => /(red|green|blue)-\d+\.png$/.exec(file)![1];

describe('a folder that is labelled', () => {
  let server: TestStudio;
  let folder: string;
  beforeAll(async () => {
    const place = await studioFolder();
    folder = join(place, 'unsorted');
    await writePhotos(folder, 12);
    await writeFile(join(folder, 'notes.txt'), 'no image');
    await writeFile(join(folder, 'broken.jpg'), 'no image either');
    const backbone = await loadBackbone((await shippedModel())!, { runtime: nodeRuntime({ threads: 1 }) });
    server = await openStudio(place, {
      labelling: new LabelSession({
        folder,
        backbone,
        classes: ['red', 'green'],
        log: (error) => {
          throw error;
        },
      }),
    });
  });
  afterAll(() => server.end());

  const state = () => server.json<LabellingAnswer>('/api/labelling');
  const act = async (what: LabellingAct) => {
    const answer = await server.send('POST', '/api/labelling/acts', what);
    expect(answer.status).toBe(200);
    return (await answer.json()) as LabellingInfo;
  };
  const refusal = async (what: object) => {
    const answer = await server.send('POST', '/api/labelling/acts', what);
    return [answer.status, ((await answer.json()) as ErrorAnswer).error.message] as const;
  };
  /** The state once it fits: events say when it is worth looking. */
  const until = async (fits: (info: LabellingInfo) => boolean): Promise<LabellingInfo> => {
    for (;;) {
      const events = await listenTo(server);
      const answer = await state();
      if (answer.state === 'failed') throw new Error(answer.error.message);
      if (answer.state === 'ready' && fits(answer)) {
        events.close();
        return answer;
      }
      await events.wait(({ name }) => name === 'labelling');
      events.close();
    }
  };
  const list = async () => (await readFile(join(folder, 'labels.csv'), 'utf8')).trim().split('\n');

  it('is read with its sub-folders; what is no image, and what cannot be read, is named', async () => {
    const info = await until(() => true);
    expect([info.images, info.labelled, info.others]).toEqual([36, 0, 1]);
    expect(info.unusable).toEqual([{ file: 'broken.jpg', reason: expect.stringMatching(/not an image/) }]);
    expect(info.classes).toEqual([
      { name: 'red', images: 0 },
      { name: 'green', images: 0 },
    ]);
    expect(info.head).toBeUndefined();
    expect(new Set(info.next.map(({ id }) => id)).size).toBe(16);
    // The first ones are unlike each other.
    expect(new Set(info.next.slice(0, 4).map(({ file }) => truth(file))).size).toBe(3);
    expect((await server.json<{ canLabel?: boolean }>('/api/state')).canLabel).toBe(true);
  });

  it('gives the images in their own shape', async () => {
    const [{ id }] = (await until(() => true)).next;
    const answer = await server.get(`/api/labelling/image/${id}?size=24`);
    const { format, width, height } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    expect([format, width, height]).toEqual(['webp', 24, 16]);
    expect((await server.get('/api/labelling/image/999')).status).toBe(404);
    expect((await server.get(`/api/labelling/image/${id}?size=x`)).status).toBe(400);
  });

  it('keeps each label in the list at once, and takes acts back one by one', async () => {
    const [first, second] = (await until(() => true)).next;
    await act({ act: 'confirm', images: [first.id], label: truth(first.file) });
    expect(await list()).toEqual(['file,label', `${first.file},${truth(first.file)}`]);
    const skipped = await act({ act: 'skip', image: second.id });
    expect([skipped.skipped, skipped.undo]).toEqual([1, 'skipped']);
    expect(skipped.next.map(({ id }) => id)).not.toContain(second.id);
    const back = await act({ act: 'undo' });
    expect([back.skipped, back.next[0].id]).toEqual([0, second.id]);
    const all = await act({ act: 'undo' });
    expect([all.labelled, all.next[0].id, all.undo]).toEqual([0, first.id, undefined]);
    expect(await list()).toEqual(['file,label']);
  });

  it('takes back the acts of who asks, and leaves what others did since', async () => {
    const [first, second, third] = (await until(() => true)).next;
    const confirm = (by: string, { id }: { id: number }, label: string) =>
      act({ act: 'confirm', images: [id], label, by });
    await confirm('ann', first, 'red');
    await confirm('ann', second, 'red');
    await confirm('bob', third, 'green');
    expect((await confirm('bob', second, 'blue')).undo).toBe('blue');
    // Of ann's acts, only the first is the last that was done to its image.
    const undone = await act({ act: 'undo', by: 'ann' });
    expect([undone.undo, undone.next[0].id]).toEqual([undefined, first.id]);
    await act({ act: 'undo', by: 'ann' });
    const kept = ['file,label', `${second.file},blue`, `${third.file},green`];
    expect((await list()).toSorted()).toEqual(kept.toSorted());
    // With bob's taken back, hers counts again.
    await act({ act: 'undo', by: 'bob' });
    expect(await list()).toContain(`${second.file},red`);
    expect((await server.json<LabellingInfo>('/api/labelling?by=ann')).undo).toBe('red');
    await act({ act: 'undo', by: 'ann' });
    await act({ act: 'undo', by: 'bob' });
    expect(await list()).toEqual(['file,label']);
  });

  it('takes back the part of a group that nobody else has labelled since', async () => {
    const images = (await until(() => true)).next.slice(0, 3).map(({ id }) => id);
    await act({ act: 'confirm', images, label: 'red', by: 'ann' });
    // The same label, of another tab that did not know of it.
    await act({ act: 'confirm', images: images.slice(0, 1), label: 'red', by: 'bob' });
    expect((await act({ act: 'undo', by: 'ann' })).labelled).toBe(1);
    await act({ act: 'undo', by: 'bob' });
    expect((await act({ act: 'undo', by: 'ann' })).labelled).toBe(0);
  });

  it('learns from labels, proposes, estimates, and groups what it is sure of', async () => {
    let info = await until(() => true);
    for (let i = 0; i < 18; i++) {
      const [{ id, file }] = info.next;
      info = await act({ act: 'confirm', images: [id], label: truth(file) });
    }
    // A new name made a new class.
    expect(info.classes.map(({ name }) => name)).toEqual(['red', 'green', 'blue']);
    info = await until(({ head, training, labelled }) => !training && labelled === 18 && head?.images === 18);
    expect(info.head!.estimate!.right / info.head!.estimate!.images).toBeGreaterThan(0.8);
    expect(info.next.map(({ proposals }) => info.classes[proposals[0].label].name)).toEqual(
      info.next.map(({ file }) => truth(file)),
    );
    const { label, images } = info.batch!;
    const name = info.classes[label].name;
    expect(images.length).toBeGreaterThan(1);
    expect(images.every(({ file }) => truth(file) === name)).toBe(true);
    // One is left out of the group: it comes next, by itself, and not in a group again.
    const [out, ...kept] = images.map(({ id }) => id);
    const after = await act({ act: 'confirm', images: kept, label: name, doubted: [out] });
    expect([after.labelled, after.next[0].id, after.undo]).toEqual([
      18 + kept.length,
      out,
      kept.length === 1 ? name : `${name} for ${kept.length} images`,
    ]);
    expect(after.batch?.images.map(({ id }) => id) ?? []).not.toContain(out);
    expect((await act({ act: 'undo' })).labelled).toBe(18);
  });

  it('keeps the image that a page shows first, as long as it has no label', async () => {
    const { next } = await until(() => true);
    const { id, file } = next[5];
    const shown = () => server.json<LabellingInfo>(`/api/labelling?shown=${id}`);
    expect((await shown()).next[0].id).toBe(id);
    await act({ act: 'confirm', images: [id], label: truth(file) });
    expect((await shown()).next.map((image) => image.id)).not.toContain(id);
    await act({ act: 'undo' });
    // Of a group that it shows, those that are open still; what comes next stays as it is.
    await act({ act: 'confirm', images: [id], label: truth(file) });
    const settled = ({ training, head, labelled }: LabellingInfo) => !training && head?.images === labelled;
    const before = await until(settled);
    const ids = [next[7].id, id, next[6].id];
    const { group, next: after } = await server.json<LabellingInfo>(`/api/labelling?group=${ids.join()},x`);
    expect(group?.map((image) => [image.id, image.file])).toEqual(
      [next[7], next[6]].map((image) => [image.id, image.file]),
    );
    expect(after.map((image) => image.id)).toEqual(before.next.map((image) => image.id));
    await act({ act: 'undo' });
  });

  it('takes up what another program wrote into the list meanwhile', async () => {
    const info = await until(() => true);
    const [first, second] = info.next;
    await writeFile(join(folder, 'labels.csv'), `${(await list()).join('\n')}\n${first.file},purple\n`);
    const after = await act({ act: 'confirm', images: [second.id], label: truth(second.file) });
    expect([after.labelled, after.classes.at(-1)]).toEqual([
      info.labelled + 2,
      { name: 'purple', images: 1 },
    ]);
    await act({ act: 'confirm', images: [first.id], label: truth(first.file) });
  });

  it('refuses what it cannot do, with a sentence', async () => {
    expect(await refusal({ act: 'confirm', images: [999], label: 'red' })).toEqual([
      404,
      expect.stringMatching(/no such image/),
    ]);
    const other = { files: ['elsewhere.png'], label: 'red' };
    expect(await refusal({ act: 'confirm', images: [1], ...other })).toEqual([
      409,
      expect.stringMatching(/the images have changed since this page showed them: nothing is labelled/),
    ]);
    expect((await refusal({ act: 'skip', image: 1, file: 'elsewhere.png' }))[0]).toBe(409);
    expect(await refusal({ act: 'confirm', images: [], label: 'red' })).toEqual([
      400,
      expect.stringMatching(/no image is named/),
    ]);
    expect(await refusal({ act: 'confirm', images: [1], label: ' ' })).toEqual([
      400,
      expect.stringMatching(/a class needs a name/),
    ]);
    expect(await refusal({ act: 'class', name: 'red' })).toEqual([400, expect.stringMatching(/already/)]);
    expect(await refusal({ act: 'dance' })).toEqual([400, expect.stringMatching(/no act of labelling/)]);
    expect(await refusal({ act: 'confirm', images: ['1'], label: 'red' })).toEqual([
      400,
      expect.stringMatching(/no act/),
    ]);
  });

  it('moves images into class folders when asked, and trains from the list before and after', async () => {
    const labelled = (await LabelList.read(folder)).labels;
    const before = await openDataset(join(folder, 'labels.csv'), { imageSize: 8 });
    const answer = await server.send('POST', '/api/labelling/move');
    const moved = (await answer.json()) as MovedImages;
    expect(moved).toEqual({ moved: labelled.size, left: [] });
    for (const [file, label] of labelled) {
      expect(await readdir(join(folder, label))).toContain(file.split('/').at(-1));
    }
    const after = await openDataset(join(folder, 'labels.csv'), { imageSize: 8 });
    expect(after.train.size + after.test.size).toBe(before.train.size + before.test.size);
    // Further acts know the new paths.
    const info = await act({ act: 'undo' });
    expect(info.labelled).toBeLessThanOrEqual(labelled.size);
    const [{ id }] = info.next;
    expect((await server.get(`/api/labelling/image/${id}`)).status).toBe(200);
  });
});

it('has a run propose from the start, until labels alone are as good', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-labels-'));
  await writePhotos(folder, 4);
  const backbone = await loadBackbone((await shippedModel())!, { runtime: nodeRuntime({ threads: 1 }) });
  const run = {
    name: 'mine',
    classNames: ['red', 'blue'],
    // Sure of one class, whatever it sees.
    probabilities: (features: Float32Array) =>
      Float32Array.from({ length: 2 * (features.length / backbone.size) }, (_, i) =>
        i % 2 === 0 ? 0.95 : 0.05,
      ),
  };
  const session = new LabelSession({ folder, backbone, run });
  const changes: (() => void)[] = [];
  session.listen(() => {
    for (const change of changes.splice(0)) change();
  });
  const until = async (fits: (info: LabellingInfo) => boolean): Promise<LabellingInfo> => {
    for (;;) {
      const changed = new Promise<void>((resolve) => changes.push(resolve));
      const answer = session.answer();
      if (answer.state === 'ready' && fits(answer)) return answer;
      await changed;
    }
  };
  let info = await until(() => true);
  expect([info.head?.source, info.classes.map(({ name }) => name)]).toEqual(['run', ['red', 'blue']]);
  expect(info.batch).toMatchObject({ label: 0, total: 12 });
  for (const { id, file } of info.next.slice(0, 12)) {
    await session.act({ act: 'confirm', images: [id], label: truth(file) === 'red' ? 'red' : 'blue' });
  }
  info = await until(({ training, head }) => !training && head?.source === 'labels');
  expect(info.head!.images).toBe(12);
  await session.close();
  await rm(folder, { recursive: true });
});

it('says why no image of a folder can be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-labels-'));
  await writeFile(join(folder, 'a.jpg'), 'no image');
  const backbone = await loadBackbone((await shippedModel())!, { runtime: nodeRuntime({ threads: 1 }) });
  const session = new LabelSession({ folder, backbone });
  await expect(session.file(0)).rejects.toThrow(
    /none of the images can be read: received 1 file\. The first: .*a\.jpg/,
  );
  expect(session.answer()).toMatchObject({ state: 'failed', error: { code: 'bad-data' } });
  await session.close();
  await rm(folder, { recursive: true });
});

describe('a list of labels', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harrier-labels-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('keeps the columns, the lines and the quoting of its owner', async () => {
    await writeFile(
      join(folder, 'labels.csv'),
      'image;class;note\r\n".\\a\\1.png";"cat; small";mine\r\nelsewhere.png;dog;""\r\n',
    );
    const list = await LabelList.read(folder);
    expect([...list.labels]).toEqual([
      ['a/1.png', 'cat; small'],
      ['elsewhere.png', 'dog'],
    ]);
    list.set('new "one".png', 'dog');
    list.set('a/1.png', 'dog');
    await list.write();
    expect(await readFile(list.path, 'utf8')).toBe(
      'image;class;note\n.\\a\\1.png;dog;mine\nelsewhere.png;dog;\n"new ""one"".png";dog;\n',
    );
    list.set('a/1.png', undefined);
    list.set('elsewhere.png', undefined);
    expect(list.toText()).toBe('image;class;note\n.\\a\\1.png;;mine\n"new ""one"".png";dog;\n');
  });

  it('gives new lines a part where all lines have one', async () => {
    await writeFile(join(folder, 'labels.csv'), 'file,label,split\n1.png,cat,test\n');
    const list = await LabelList.read(folder);
    list.set('2.png', 'dog');
    expect(list.toText()).toBe('file,label,split\n1.png,cat,test\n2.png,dog,train\n');
  });

  it('keeps all lines of a file, and what they say when a label is taken back', async () => {
    const lines =
      'file,label,split,note\n1.png,cat,test,by Ann\n1.png,dog,test,by Bob\n2.png,,test,\n,cat,train,\n';
    await writeFile(join(folder, 'labels.csv'), lines);
    const list = await LabelList.read(folder);
    list.set('1.png', 'cow');
    list.set('2.png', 'cat');
    list.set('3.png', 'cat');
    expect(list.toText()).toBe(
      'file,label,split,note\n1.png,cow,test,by Ann\n1.png,cow,test,by Bob\n2.png,cat,test,\n,cat,train,\n3.png,cat,train,\n',
    );
    for (const file of ['1.png', '2.png', '3.png']) list.set(file, undefined);
    expect(list.toText()).toBe(
      'file,label,split,note\n1.png,,test,by Ann\n1.png,,test,by Bob\n2.png,,test,\n,cat,train,\n',
    );
  });

  it('knows files by either spelling of their letters', async () => {
    await writeFile(join(folder, 'labels.csv'), 'file,label\nCaf\u00e9.png,cat\n');
    const list = await LabelList.read(folder);
    expect(list.labelsOf(['Cafe\u0301.png', 'other.png'])).toEqual(['cat', undefined]);
    list.set('Cafe\u0301.png', 'dog');
    expect(list.toText()).toBe('file,label\nCaf\u00e9.png,dog\n');
  });

  it('is not overwritten where it is something else', async () => {
    await writeFile(join(folder, 'labels.csv'), 'name,price\nshoe,30\n');
    await expect(LabelList.read(folder)).rejects.toThrow(/no column says which label is meant/);
    expect(await readFile(join(folder, 'labels.csv'), 'utf8')).toBe('name,price\nshoe,30\n');
  });

  it('moves no image over another, none through a link, and none into a folder of a strange name', async () => {
    const place = join(folder, 'moves');
    await writePhotos(place, 1);
    await mkdir(join(place, 'red'));
    await cp(join(place, 'more/green-0.png'), join(place, 'red/red-0.png'));
    await symlink(join(place, 'more/blue-0.png'), join(place, 'link.png'));
    const list = await LabelList.read(place);
    for (const [file, label] of [
      ['more/red-0.png', 'red'],
      ['more/green-0.png', 'green'],
      ['link.png', 'blue'],
      ['gone.png', 'blue'],
    ]) {
      list.set(file, label);
    }
    await list.write();
    const follow = async (paths: ReadonlyMap<string, string>) => {
      list.rename(paths);
      await list.write();
    };
    expect(await moveToClassFolders(place, follow)).toEqual({
      moved: 1,
      left: [
        { file: 'more/red-0.png', reason: 'there is a file red/red-0.png already' },
        { file: 'link.png', reason: 'it is a link' },
        { file: 'gone.png', reason: 'the file is not there' },
      ],
    });
    expect([...(await LabelList.read(place)).labels.keys()]).toContain('green/green-0.png');
    expect(await readdir(join(place, 'more'))).toEqual(['blue-0.png', 'red-0.png']);
    list.set('more/blue-0.png', '../blue');
    await list.write();
    await expect(moveToClassFolders(place, follow)).rejects.toThrow(
      /no folder can be called after this class/,
    );
  });

  it('finishes a move that was broken off, and takes no other image for a part of it', async () => {
    const place = join(folder, 'broken-off');
    await writePhotos(place, 4);
    await cp(join(place, 'red-1.png'), join(place, 'more/red-1.png'));
    await cp(join(place, 'blue-1.png'), join(place, 'more/blue-1.png'));
    const list = await LabelList.read(place);
    // The same file in two folders: there is one name for them.
    for (const file of ['red-1.png', 'more/red-1.png', 'green-1.png', 'blue-1.png'])
      list.set(file, truth(file));
    await list.write();
    const full = async () => {
      throw new Error('the disk is full');
    };
    await expect(moveToClassFolders(place, full)).rejects.toThrow('the disk is full');
    // A file system without links has copies.
    await rm(join(place, 'green/green-1.png'));
    await cp(join(place, 'green-1.png'), join(place, 'green/green-1.png'));
    // A folder under another name is the same.
    await rm(join(place, 'blue'), { recursive: true });
    await symlink(join(place, 'more'), join(place, 'blue'), 'junction');
    list.set('blue-1.png', undefined);
    list.set('more/blue-1.png', 'blue');
    await list.write();
    const follow = async (paths: ReadonlyMap<string, string>) => {
      list.rename(paths);
      await list.write();
    };
    expect(await moveToClassFolders(place, follow)).toEqual({
      moved: 2,
      left: [
        { file: 'more/red-1.png', reason: 'there is a file red/red-1.png already' },
        { file: 'more/blue-1.png', reason: 'there is a file blue/blue-1.png already' },
      ],
    });
    expect([...(await LabelList.read(place)).labels.keys()].sort()).toEqual([
      'green/green-1.png',
      'more/blue-1.png',
      'more/red-1.png',
      'red/red-1.png',
    ]);
    const left = await readdir(place);
    expect(left.filter((name) => /^(red|green)-1\.png$/.test(name))).toEqual([]);
    expect(await readdir(join(place, 'more'))).toContain('blue-1.png');
  });

  it('says where there is nothing to label', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await writeFile(join(empty, 'a.txt'), '');
    await expect(listUnsorted(empty)).rejects.toThrow(/contains no images.*1 other files, such as a\.txt/);
    await expect(listUnsorted(join(folder, 'nowhere'))).rejects.toThrow(/no such folder/);
    await expect(listUnsorted(join(empty, 'a.txt'))).rejects.toThrow(/not a folder/);
  });
});
