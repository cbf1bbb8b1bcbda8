import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { rarestTags } from '../../../data/tags.ts';
import { evaluatePredictions, measuresOf, measureText, renderModelCard } from '../../../evaluation/index.ts';
import { renderReport } from '../../../report/index.ts';
import { confusionImage } from './confusion-image.ts';
import { csvTable } from './csv.ts';
import { Followed } from './follow.ts';
import { mlflow } from './mlflow.ts';
import { openTrackers } from './open-trackers.ts';
import { crc32c, tfRecord } from './tensorboard/records.ts';
import { tensorBoard } from './tensorboard/tensorboard.ts';
import { resultMetricsOf, type TrackedRun, type Tracker } from './tracker.ts';

const evaluation = evaluatePredictions({
  probabilities: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.6, 0.4),
  labels: Uint16Array.of(0, 1, 1),
  classNames: ['<ant>', 'bee'],
});

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-trackers-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const runIn = (folder: string): TrackedRun => ({
  id: 'it',
  name: 'one',
  folder,
  parameters: { epochs: '2' },
  samples: [],
});

it('every measure of images with several labels is in trackers, the model card and the report', () => {
  const tags = Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 1);
  const several = evaluatePredictions({
    probabilities: Float32Array.of(0.9, 0.2, 0.7, 0.4, 0.1, 0.3, 0.4, 0.8),
    labels: rarestTags(tags, 2),
    tags,
    classNames: ['cat', 'sea'],
  });
  const measures = measuresOf(several);
  expect(measures.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['mean_average_precision', 'micro_f1', 'hamming_loss', 'accuracy', 'f1']),
  );
  expect(resultMetricsOf({ epochs: 1, evaluation: several, files: [] })).toEqual(
    measures.map(({ id, value }) => [`test/${id}`, value]),
  );
  const facts = { recipe: 'quick', seed: 1 };
  const imageShape = { height: 8, width: 8, channels: 3 };
  const card = renderModelCard({ title: 'it', facts, evaluation: several, imageShape });
  const page = renderReport({ title: 'it', facts, evaluation: several });
  for (const measure of measures) {
    expect(card).toContain(`| ${measureText(measure)}`);
    if (measure.id === 'accuracy') continue;
    expect(page).toContain(`<dt>${measure.label}</dt><dd>${measureText(measure)}</dd>`);
  }
});

describe('TFRecords', () => {
  it('have the checksums of RFC 3720', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  });

  it('are length, data and masked checksums', () => {
    const record = tfRecord(Uint8Array.of(1, 2, 3));
    const view = new DataView(record.buffer);
    expect(view.getBigUint64(0, true)).toBe(3n);
    expect([...record.subarray(12, 15)]).toEqual([1, 2, 3]);
    const unmasked = (stored: number) => {
      const rotated = (stored - 0xa282ead8) >>> 0;
      return ((rotated >>> 17) | (rotated << 15)) >>> 0;
    };
    expect(unmasked(view.getUint32(8, true))).toBe(crc32c(record.subarray(0, 8)));
    expect(unmasked(view.getUint32(15, true))).toBe(crc32c(record.subarray(12, 15)));
  });
});

describe('trackers', () => {
  it('write event files with scalars by epoch and the confusion matrix', () =>
    inFolder(async (folder) => {
      const tracker = tensorBoard();
      await tracker.begin(runIn(folder));
      await tracker.epoch({ epoch: 1, loss: 0.5, accuracy: 0.75, learningRate: 0.01 });
      const confusion = await confusionImage(evaluation);
      await tracker.end({ epochs: 1, evaluation, confusion, files: [] });
      const [name] = await readdir(join(folder, 'tensorboard'));
      expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
      const bytes = await readFile(join(folder, 'tensorboard', name));
      const seen: Record<string, unknown> = {};
      for (let at = 0; at < bytes.length; ) {
        const length = Number(bytes.readBigUInt64LE(at));
        const event = new BinaryReader(bytes.subarray(at + 12, at + 12 + length));
        let step = 0;
        while (event.pos < event.len) {
          const [field, wire] = event.tag();
          if (field === 2) step = Number(event.int64());
          else if (field === 3) seen.version = event.string();
          else if (field === 5) {
            const summary = new BinaryReader(event.bytes());
            while (summary.pos < summary.len) {
              summary.tag();
              const value = new BinaryReader(summary.bytes());
              value.tag();
              const tag = value.string();
              const [kind] = value.tag();
              seen[`${tag}@${step}`] = kind === 2 ? value.float() : value.bytes().length;
            }
          } else event.skip(wire);
        }
        at += length + 16;
      }
      expect(seen).toMatchObject({
        version: 'brain.Event:2',
        'train/loss@1': 0.5,
        'train/accuracy@1': 0.75,
        'learning_rate@1': Math.fround(0.01),
        'test/accuracy@1': Math.fround(2 / 3),
      });
      expect(seen['confusion@1']).toBeGreaterThan(confusion.png.length);
      expect(await sharp(confusion.png).metadata()).toMatchObject({ format: 'png', width: confusion.width });
    }));

  it('draw the confusions of a thousand classes, more than a program draws rectangles', async () => {
    const classNames = Array.from({ length: 1000 }, (_, i) => `${i}`);
    const matrix = classNames.map((_, i) => classNames.map((__, j) => Number(i === j)));
    const { png, width, height } = await confusionImage({ matrix, classNames });
    expect([width, height]).toEqual([2000, 2000]);
    const { data } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 9)]).toEqual([33, 102, 172, 33, 102, 172, 255, 255, 255]);
  });

  it('write a table that several runs may share', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'deep', 'all.csv');
      for (const name of ['one', 'two,three']) {
        const tracker = csvTable(path);
        await tracker.begin({ ...runIn(folder), name });
        await tracker.epoch({ epoch: 1, loss: 0.5, accuracy: 0.75 });
        await tracker.end('interrupted');
      }
      const lines = (await readFile(path, 'utf8')).trim().split('\n');
      expect(lines).toHaveLength(5);
      expect(lines[0]).toBe('run,time,step,metric,value');
      expect(lines[1]).toMatch(/^one,\d{4}-.*Z,1,train\/loss,0\.5$/);
      expect(lines[4]).toMatch(/^"two,three",.*,1,train\/accuracy,0\.75$/);
    }));

  it('that fail are lost once, and others go on', async () => {
    const told: string[] = [];
    const notes: string[] = [];
    const tracker = (name: string, fails: boolean): Tracker => ({
      name,
      begin: async () => {
        told.push(`${name} begin`);
        if (fails) throw new Error('gone');
      },
      epoch: async ({ epoch }) => void told.push(`${name} ${epoch}`),
      end: async (result) => void told.push(`${name} ${result}`),
    });
    const followed = new Followed([tracker('a', true), tracker('b', false)], (note) => notes.push(note));
    followed.begin(runIn('nowhere'));
    followed.epoch({ epoch: 1, loss: 1, accuracy: 0 });
    await followed.end('failed');
    expect(told.filter((each) => each.startsWith('a'))).toEqual(['a begin']);
    expect(told.filter((each) => each.startsWith('b'))).toEqual(['b begin', 'b 1', 'b failed']);
    expect(notes).toEqual(['Note: a does not follow this run any more; training goes on. gone.']);
  });

  it.each<[string, Partial<Record<'begin' | 'epoch', RegExp>>]>([
    ['while it trains', { epoch: /./ }],
    ['at the beginning', { begin: /./ }],
    ['at the beginning, right after it made the run', { begin: /log-batch/ }],
  ])('that are away for a while are told later: MLflow, away %s, knows all in the end', (_, away) =>
    inFolder(async (folder) => {
      let isAway: RegExp | undefined;
      const told: { readonly path: string; readonly body: Readonly<Record<string, unknown>> }[] = [];
      const server = createServer((request, response) => {
        let text = '';
        request.on('data', (part) => {
          text += part;
        });
        request.on('end', () => {
          const path = request.url!.split('/').at(-1)!;
          const isHeard = !isAway?.test(path);
          response.writeHead(isHeard ? 200 : 503, { 'content-type': 'application/json' });
          if (isHeard) told.push({ path, body: JSON.parse(text || '{}') });
          response.end(
            JSON.stringify({ experiment: { experiment_id: '1' }, run: { info: { run_id: 'there' } } }),
          );
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const tracker = mlflow(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {});
        const epoch = (number: number) => tracker.epoch({ epoch: number, loss: 1, accuracy: 0 });
        isAway = away.begin;
        await tracker.begin(runIn(folder));
        await epoch(1);
        isAway = away.epoch;
        await epoch(2);
        await epoch(3);
        isAway = undefined;
        await tracker.end('interrupted');
        const losses = told.flatMap(({ body }) =>
          ((body.metrics ?? []) as { key: string; step: number }[])
            .filter(({ key }) => key === 'train/loss')
            .map(({ step }) => step),
        );
        expect(losses).toEqual([1, 2, 3]);
        expect(told.filter(({ path }) => path === 'create')).toHaveLength(1);
        expect(told.flatMap(({ body }) => body.params ?? [])).toEqual([{ key: 'epochs', value: '2' }]);
        expect(told.at(-1)).toMatchObject({ path: 'update', body: { run_id: 'there', status: 'KILLED' } });
        expect(JSON.parse(await readFile(join(folder, 'mlflow.json'), 'utf8')).run).toBe('there');
      } finally {
        server.close();
      }
    }),
  );

  it('keep and say no password of an MLflow address, and send it', () =>
    inFolder(async (folder) => {
      const sent: (string | undefined)[] = [];
      const server = createServer((request, response) => {
        sent.push(request.headers.authorization);
        request.resume().on('end', () => {
          const run = { info: { run_id: 'there' } };
          response.end(JSON.stringify({ experiment: { experiment_id: '1' }, run }));
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const tracker = mlflow(`http://ann:s3cret%21@127.0.0.1:${port}/`, {});
      try {
        await tracker.begin(runIn(folder));
      } finally {
        server.close();
        server.closeAllConnections();
      }
      expect(tracker.name).toBe(`MLflow at http://127.0.0.1:${port}`);
      expect(JSON.parse(await readFile(join(folder, 'mlflow.json'), 'utf8'))).toEqual({
        address: `http://127.0.0.1:${port}`,
        run: 'there',
      });
      expect(new Set(sent)).toEqual(new Set([`Basic ${Buffer.from('ann:s3cret!').toString('base64')}`]));
      const failure = await tracker.end('failed').then(
        () => '',
        (error) => `${error}`,
      );
      expect(failure).toContain(`127.0.0.1:${port}`);
      expect(failure).not.toContain('s3cret');
    }));

  it('have names and values that are checked', async () => {
    const named = await openTrackers('tensorboard, csv=x.csv,mlflow=https://example.org/');
    expect(named.map(({ name }) => name)).toEqual([
      'TensorBoard',
      'the table of --log-to csv',
      'MLflow at https://example.org',
    ]);
    await expect(openTrackers('tensorbord')).rejects.toThrow(
      'unknown tracker of --log-to "tensorbord". Did you mean "tensorboard"? There are: tensorboard, mlflow, csv, wandb.',
    );
    await expect(openTrackers('csv=')).rejects.toThrow(
      '--log-to csv=: nothing follows the equals sign. Name a place,',
    );
    for (const wrong of ['mlflow=localhost:5000', 'mlflow=./mlruns']) {
      await expect(openTrackers(wrong)).rejects.toThrow(
        '--log-to: MLflow needs the address of its server: expected mlflow=',
      );
    }
  });

  it('of their own are files that export a function', async () => {
    await inFolder(async (folder) => {
      const opened = async (source: string) => {
        const file = join(folder, 'own.ts');
        await writeFile(file, source);
        return openTrackers(`${file}=value`);
      };
      const own = `
        import { metricsOf } from 'harrier/node';
        const told: unknown[] = [];
        export default (value: string) => ({
          name: value,
          begin() {},
          epoch: (record: any) => void told.push(metricsOf(record)),
          end: () => { throw new Error(JSON.stringify(told)); },
        });`;
      const [tracker] = await opened(own);
      await tracker.begin(runIn(folder));
      await tracker.epoch({ epoch: 1, loss: 0.5, accuracy: 0.75, learningRate: 0.1, seconds: 2 });
      expect(tracker.name).toBe('value');
      await expect(tracker.end('failed')).rejects.toThrow(
        '[["train/loss",0.5],["train/accuracy",0.75],["learning_rate",0.1],["seconds",2]]',
      );

      await expect(opened('export const tracker = () => ({});')).rejects.toThrow(
        'own.ts: this file exports no function that makes a tracker. Write: export default (value) =>',
      );
      await expect(opened('export default () => ({ begin() {} });')).rejects.toThrow(
        'own.ts: this tracker lacks functions: expected begin, epoch and end, received no epoch, no end.',
      );
      await expect(opened("export default () => {\n  throw new Error('no key');\n};")).rejects.toThrow(
        'own.ts, line 2: this tracker cannot be made (Error: no key).',
      );
      await expect(opened('export default (')).rejects.toThrow('this file does not parse');
      await expect(openTrackers(join(folder, 'gone.ts'))).rejects.toThrow(
        'gone.ts: there is no such tracker file. Check the path.',
      );
    });
  });
});
