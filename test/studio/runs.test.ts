import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { predictionsFromCsv } from '../../src/evaluation/index.ts';
import { RunFolder } from '../../src/platform/node/runs/run-folder.ts';
import type {
  ErrorAnswer,
  ModelInfo,
  NewRunRequest,
  RecipeForm,
  RunDetails,
  RunPlan,
  RunPredictions,
  RunSummary,
  TrainingWays,
} from '../../src/studio-server/api.ts';
import { decodeCheckpoint } from '../../src/training/index.ts';
import { start, writeImages } from '../cli/harrier.ts';
import { PROGRAM } from '../program.ts';
import { listenTo, openStudio, studioFolder, type TestStudio } from './studio.ts';

let server: TestStudio;
const path = (...parts: string[]) => join(server.folder, ...parts);
/** Small, and long enough to be stopped in the middle. */
const LONG = { epochs: 500, batchSize: 4, filters: 2, units: 4, threads: 1 };
const SHORT = { ...LONG, epochs: 2 };

beforeAll(async () => {
  const folder = await studioFolder();
  await writeImages(join(folder, 'images'), { perClass: 30 });
  server = await openStudio(folder, { data: [join(folder, 'images')] });
});
afterAll(() => server.end());

const wish = (options: NewRunRequest['options'], more: object = {}) =>
  server.send('POST', '/api/runs', { recipe: 'keras-cnn', data: 'images', options, ...more });
async function begin(options: NewRunRequest['options']): Promise<RunSummary> {
  const answer = await wish(options);
  expect(answer.status).toBe(201);
  return (await answer.json()) as RunSummary;
}
const plan = async (options: NewRunRequest['options'], more: object = {}) => {
  const request = { recipe: 'keras-cnn', data: 'images', options, ...more };
  return (await (await server.send('POST', '/api/runs/plan', request)).json()) as RunPlan;
};
const act = async (id: string, verb: 'pause' | 'resume' | 'stop') => {
  const answer = await server.send('POST', `/api/runs/${id}/${verb}`);
  return { status: answer.status, body: (await answer.json()) as RunSummary & ErrorAnswer };
};
/** What a run would go on from. */
const lastCheckpoint = async (run: string) => {
  const file = join(run, 'checkpoints', 'last.safetensors');
  return decodeCheckpoint(await readFile(file), file);
};
const details = (id: string) => server.json<RunDetails>(`/api/runs/${id}`);

describe('a run', () => {
  it('is started with the options of the form, is watched, and leaves results', async () => {
    const events = await listenTo(server);
    const begun = await begin({ ...SHORT, augment: 'flip,translation=1', activation: 'tanh', seed: 3 });
    expect(begun).toMatchObject({
      state: 'running',
      recipe: 'keras-cnn',
      dataset: 'images',
      epochs: 2,
      startedHere: true,
    });
    const done = await events.run(begun.id, ({ state }) => state !== 'running');
    expect(done).toMatchObject({ state: 'finished', epochsDone: 2, hasModel: true, startedHere: true });
    expect(done.testAccuracy).toBeGreaterThan(0);
    const epochs = events.events.flatMap(({ name, data }) =>
      name === 'epoch' && data.id === begun.id ? [data.record] : [],
    );
    const { record, history, evaluation, files, summary } = await details(begun.id);
    expect(epochs).toEqual(history);
    expect(summary).toEqual(done);
    expect(record?.options).toMatchObject({
      epochs: 2,
      batchSize: 4,
      seed: 3,
      threads: 1,
      recipeOptions: { filters: 2, units: 4, activation: 'tanh' },
      augmentation: [
        { name: 'RandomFlip', mode: 'horizontal' },
        { name: 'RandomTranslation', pixels: 1 },
      ],
    });
    expect(record?.command).toContain('npx harrier train --recipe keras-cnn');
    expect(evaluation?.accuracy).toBe(done.testAccuracy);
    expect(files).toEqual(
      expect.arrayContaining([
        'model.onnx',
        'report.html',
        'README.md',
        'history.csv',
        'evaluation.json',
        'run.json',
      ]),
    );
    expect(await readFile(path('runs', begun.id, 'progress.json')).catch(() => 'none')).toBe('none');

    const predictions = await server.json<RunPredictions>(`/api/runs/${begun.id}/predictions`);
    const rows = predictionsFromCsv(await readFile(path('runs', begun.id, 'predictions.csv'), 'utf8'));
    expect(predictions).toEqual({
      dataset: 'images',
      index: rows.map((_, i) => i),
      label: rows.map(({ label }) => label),
      own: rows.map(({ label }) => label),
      predicted: rows.map(({ predicted }) => predicted),
      probability: rows.map(({ probability }) => probability),
    });
    const { threads: _, ...chosen } = SHORT;
    // The same run once more: the values that differ from the usual ones.
    expect(await server.json<NewRunRequest>(`/api/runs/${begun.id}/again`)).toEqual({
      data: 'images',
      recipe: 'keras-cnn',
      options: { ...chosen, augment: 'flip,translation=1', activation: 'tanh', seed: 3 },
    });
    const like = await plan({ ...SHORT, activation: 'tanh', epochs: 20 });
    expect(like.estimate).toEqual({ seconds: expect.any(Number), run: begun.id });
    expect(like.estimate!.seconds / record!.result!.seconds).toBeCloseTo(10);
    const models = await server.json<ModelInfo[]>('/api/models');
    expect(models.map(({ source }) => source)).toEqual(['shipped', 'run']);
    expect(models[0]).toMatchObject({
      id: 'shipped-cifar10',
      imageShape: { height: 32, width: 32, channels: 3 },
    });
    expect(models[1]).toMatchObject({ id: begun.id, classNames: ['cat', 'dog', 'ship'] });
    for (const { id, bytes } of models) {
      const model = await server.get(`/api/models/${id}/model.onnx`);
      expect((await model.arrayBuffer()).byteLength).toBe(bytes);
    }
    events.close();
  });

  it('is paused with a checkpoint, goes on, and is stopped for good', async () => {
    const events = await listenTo(server);
    const { id } = await begin(LONG);
    await events.wait(({ name, data }) => name === 'step' && data.id === id && data.epoch > 1);
    const step = (await details(id)).step!;
    expect(step).toMatchObject({ id, epochs: 500, loss: expect.any(Number), accuracy: expect.any(Number) });
    expect(step.imagesPerSecond).toBeGreaterThan(0);
    expect(step.etaSeconds).toBeGreaterThan(0);
    const paused = await act(id, 'pause');
    expect([paused.status, paused.body.state]).toEqual([200, 'paused']);
    const { epochsDone } = paused.body;
    expect((await lastCheckpoint(path('runs', id))).position.epoch).toBe(epochsDone);
    expect(epochsDone).toBeGreaterThan(0);
    expect((await act(id, 'pause')).body.error.message).toMatch(/not running/);

    const resumed = await act(id, 'resume');
    expect([resumed.status, resumed.body.state]).toEqual([200, 'running']);
    const again = await act(id, 'resume');
    expect([again.status, again.body.error.code]).toEqual([409, 'in-use']);
    await events.wait(
      ({ name, data }) => name === 'epoch' && data.id === id && data.record.epoch > epochsDone + 1,
    );
    const stopped = await act(id, 'stop');
    expect([stopped.status, stopped.body.state]).toEqual([200, 'stopped']);
    // Another look at the folder says the same: a Studio that is started later knows it too.
    const later = await openStudio(server.folder);
    expect(await later.json(`/api/runs/${id}`)).toMatchObject({
      summary: { state: 'stopped', startedHere: false },
    });
    await later.studio.close();
    // Whoever changes their mind goes on.
    expect((await act(id, 'resume')).body.state).toBe('running');
    expect((await act(id, 'pause')).body.state).toBe('paused');
    events.close();
  });

  it('that fails says why', async () => {
    const events = await listenTo(server);
    const { id } = await begin({ ...SHORT, learningRate: 1e30 });
    const { message } = await events.run(id, ({ state }) => state === 'failed');
    expect(message).toMatch(/learning rate/);
    const later = await openStudio(server.folder);
    expect((await later.json<RunDetails>(`/api/runs/${id}`)).summary).toMatchObject({
      state: 'failed',
      message,
    });
    await later.studio.close();
    events.close();
  });

  it('whose data cannot be used fails without leaving a folder', async () => {
    await writeFile(path('images/cat/broken.png'), 'no image');
    await mkdir(path('images/only-broken'));
    await writeFile(path('images/only-broken/1.png'), 'no image');
    const events = await listenTo(server);
    const { id } = await begin(SHORT);
    const { message } = await events.run(id, ({ state }) => state === 'failed');
    expect(message).toMatch(/only-broken/);
    expect(await readFile(path('runs', id, 'run.json')).catch(() => 'none')).toBe('none');
    expect((await server.send('POST', `/api/runs/${id}/delete`)).status).toBe(200);
    const left = await server.json<RunSummary[]>('/api/runs');
    expect(left.map((run) => run.id)).not.toContain(id);
    await rm(path('images/only-broken'), { recursive: true });
    await rm(path('images/cat/broken.png'));
    events.close();
  });
});

describe('a form', () => {
  it('has what the recipe has, those that matter most first', async () => {
    const forms = await server.json<RecipeForm[]>('/api/recipes');
    expect(forms.map(({ name }) => name)).toEqual([
      'keras-cnn',
      'quick',
      'standard',
      'record',
      'wide',
      'deep',
    ]);
    const { fields, target, summary } = forms[0];
    expect([target.accuracy, summary]).toEqual([0.68, expect.stringMatching(/^A small Keras CNN/)]);
    expect(fields.slice(0, 4).map(({ name }) => name)).toEqual([
      'epochs',
      'batchSize',
      'learningRate',
      'augment',
    ]);
    expect(fields.find(({ name }) => name === 'epochs')).toEqual({
      name: 'epochs',
      label: 'Epochs',
      type: 'integer',
      default: 30,
      minimum: 1,
      help: 'Passes over the training images.',
      advanced: false,
    });
    const kinds = Object.fromEntries(fields.map(({ name, type, default: own }) => [name, [type, own]]));
    expect(kinds).toMatchObject({
      learningRate: ['number', 0.01],
      filters: ['integer', 32],
      dropout: ['number', 0.3],
      activation: ['choice', 'relu'],
      optimizer: ['choice', 'SGD'],
      tta: ['choice', 'none'],
      calibrate: ['boolean', true],
      augment: ['list', null],
    });
    for (const form of forms) {
      expect(new Set(form.fields.map(({ name }) => name)).size).toBe(form.fields.length);
      for (const { help, label } of form.fields)
        expect([help, label]).toEqual([expect.stringMatching(/\.$/), expect.any(String)]);
    }
  });

  it('proposes what suits the data, and shows the values that a run will have', async () => {
    const { ways, proposed, models, photoSide } =
      await server.json<TrainingWays>('/api/datasets/images/ways');
    expect([ways[proposed].recipe, photoSide]).toEqual(['quick', undefined]);
    expect(models[0]).toMatchObject({ id: 'shipped-cifar10' });
    const valuesOf = ({ fields }: RunPlan) =>
      Object.fromEntries(fields.map((each) => [each.name, each.default]));
    const usual = await plan({}, { recipe: 'quick' });
    // quick is made for 50,000 images.
    expect(valuesOf(usual)).toMatchObject({
      batchSize: 32,
      imageSize: 8,
      limit: null,
      seed: 1,
      tta: 'flip-shift',
    });
    expect(usual.images.train + usual.images.test).toBe(90);
    expect(usual.fields.find(({ name }) => name === 'limit')?.empty).toBe(`all ${usual.images.train}`);
    expect(valuesOf(await plan({ batchSize: 8 }, { recipe: 'quick' })).batchSize).toBe(8);
    // A last layer on features has neither epochs nor batches; the size of images is the model's, or another.
    const head = valuesOf(await plan({}, { recipe: undefined, from: 'shipped-cifar10' }));
    expect(Object.keys(head)).toEqual(expect.arrayContaining(['head', 'augment', 'validationSplit']));
    for (const name of ['epochs', 'batchSize', 'optimizer']) expect(head).not.toHaveProperty(name);
    expect(head.imageSize).toBe(32);
    const larger = await plan({ imageSize: 40 }, { recipe: undefined, from: 'shipped-cifar10' });
    expect([larger.imageShape, valuesOf(larger).imageSize]).toEqual([{ height: 40, width: 40 }, 40]);
    const small = await plan({ imageSize: 4 }, { recipe: undefined, from: 'shipped-cifar10' });
    expect(small.problems.imageSize).toMatch(/^Images of this size are too small.* at least 8 × 8/i);
    const all = await plan({}, { recipe: undefined, from: 'shipped-cifar10', trainable: 'all' });
    expect([valuesOf(all).optimizer, all.imageShape]).toEqual(['AdamW', { height: 32, width: 32 }]);
    expect(valuesOf(all).imageSize).toBe(32);
    const adam = await plan({ optimizer: 'Adam', epochs: 0 });
    expect(valuesOf(adam)).not.toHaveProperty('momentum');
    expect(adam.problems).toEqual({ epochs: 'Epochs is a whole number of at least 1.' });
    expect((await plan({ reject: 0.9 })).problem).toBeUndefined();
  });

  it('is timed by a few steps where no run tells, and nothing is begun', async () => {
    const before = await server.json<RunSummary[]>('/api/runs');
    const time = async (options: NewRunRequest['options']) => {
      const answer = await server.send('POST', '/api/runs/time', {
        recipe: 'keras-cnn',
        data: 'images',
        options,
      });
      return (await answer.json()) as { seconds: number } & ErrorAnswer;
    };
    const [short, long] = [await time(SHORT), await time({ ...SHORT, epochs: 2000 })];
    expect(short.seconds).toBeGreaterThan(0);
    expect(long.seconds).toBeGreaterThan(short.seconds);
    expect((await time({ epochs: 0 })).error.fields).toHaveProperty('epochs');
    expect(await server.json<RunSummary[]>('/api/runs')).toEqual(before);
  });

  it.each([
    [{ epochs: 0 }, { epochs: 'Epochs is a whole number of at least 1.' }],
    [
      { epochs: 1.5, batchSize: '8' },
      { epochs: /whole number/, batchSize: /whole number/ },
    ],
    [{ validationSplit: 1 }, { validationSplit: /expected a number of at least 0 and below 1/ }],
    [{ activation: 'rellu' }, { activation: /^Activation is one of: linear, relu/ }],
    [{ optimizer: 'Adamm' }, { optimizer: /one of: SGD, RMSprop, Adam, AdamW, Muon/ }],
    [{ augment: 'flop' }, { augment: /unknown augmentation "flop"/ }],
    [{ augment: '$(touch x)' }, { augment: /words with commas/ }],
    [{ '--out': '/tmp' }, { '--out': /no option "--out"/ }],
    [{ calibrate: 'no' }, { calibrate: /on or off/ }],
    [{ momentum: 0.9, optimizer: 'Adam' }, { momentum: /no option "momentum" of keras-cnn/ }],
  ])('%j is refused field by field', async (options, fields) => {
    const answer = await wish(options as unknown as NewRunRequest['options']);
    const { error } = (await answer.json()) as ErrorAnswer;
    expect([answer.status, error.code]).toEqual([400, 'bad-option']);
    const expected = Object.entries(fields).map(([name, text]) => [
      name,
      text instanceof RegExp ? expect.stringMatching(text) : text,
    ]);
    expect(error.fields).toEqual(Object.fromEntries(expected));
  });

  it.each([
    [{ recipe: './evil.ts' }, 400, /a recipe must be given by its name/],
    [{ recipe: 'keras-cn' }, 400, /unknown recipe "keras-cn"\. Did you mean "keras-cnn"/],
    [{ data: '/etc' }, 404, /no such data set/],
    [{ options: [] }, 400, /options must be an object/],
    [{ recipe: 7 }, 400, /this is not a request for a run/],
    [{ recipe: undefined, from: '/etc/passwd' }, 404, /no such model/],
    [{ recipe: undefined, from: 'shipped-cifar10', trainable: 'some' }, 400, /not a request for a run/],
  ])('%j is refused', async (more, status, message) => {
    const answer = await wish({}, more);
    const { error } = (await answer.json()) as ErrorAnswer;
    expect([answer.status, error.message]).toEqual([status, expect.stringMatching(message)]);
  });

  it('left nothing behind by all that was refused', async () => {
    expect((await server.json<RunSummary[]>('/api/runs')).every(({ recipe }) => recipe === 'keras-cnn')).toBe(
      true,
    );
    expect((await act('nothing', 'resume')).status).toBe(404);
    expect((await act('nothing', 'stop')).status).toBe(404);
  });
});

describe('a run of a terminal', () => {
  const TYPED = [
    '--epochs',
    '500',
    '--batch-size',
    '4',
    '--set',
    'filters=2',
    '--set',
    'units=4',
    '--threads',
    '1',
  ];

  it('appears, grows, and can be paused from here', async () => {
    const events = await listenTo(server);
    const typed = start(['train', '--data', path('images'), ...TYPED, '--out', path('runs', 'typed')], {
      cwd: server.folder,
      environment: { HARRIER_CACHE: path('cache') },
    });
    const summary = await events.run(
      'typed',
      ({ state, epochsDone }) => state === 'running' && epochsDone > 0,
    );
    expect(summary).toMatchObject({ startedHere: false, dataset: 'images', epochs: 500 });
    await events.wait(({ name, data }) => name === 'step' && data.id === 'typed');
    expect((await act('typed', 'resume')).status).toBe(409);
    const refused = await server.send('POST', '/api/runs/typed/delete');
    expect(((await refused.json()) as ErrorAnswer).error).toMatchObject({
      code: 'in-use',
      message: expect.stringMatching(/this run is training.*Pause or stop it/),
    });
    const paused = await act('typed', 'pause');
    expect([paused.status, paused.body.state]).toEqual([200, 'paused']);
    const { stderr, code } = await typed.finished;
    expect([code, stderr]).toEqual([130, expect.stringMatching(/Stopped and saved after/)]);
    events.close();
  });

  it('that was killed is no longer running', async () => {
    const typed = start(['train', '--data', path('images'), ...TYPED, '--out', path('runs', 'killed')], {
      cwd: server.folder,
      environment: { HARRIER_CACHE: path('cache') },
    });
    await typed.says('epoch   1/500');
    typed.process.kill('SIGKILL');
    await typed.finished;
    expect((await details('killed')).summary.state).toBe('paused');
  });

  it('gets a name and tags, which stay, and which commands take', async () => {
    const about = async (id: string, change: object) => {
      const answer = await server.send('POST', `/api/runs/${id}/about`, change);
      return (await answer.json()) as RunSummary & ErrorAnswer;
    };
    expect(await about('typed', { name: 'The long one', tags: ['shop', 'may'] })).toMatchObject({
      id: 'typed',
      name: 'The long one',
      tags: ['shop', 'may'],
    });
    const later = await openStudio(server.folder);
    expect((await later.json<RunDetails>('/api/runs/typed')).summary).toMatchObject({ name: 'The long one' });
    await later.studio.close();
    expect((await about('killed', { name: 'The long one' })).error.message).toMatch(
      /another run has this name/,
    );
    expect((await about('killed', { name: '../x' })).error.message).toMatch(/cannot have this name/);
    expect((await about('killed', { name: 7 })).error.code).toBe('bad-data');
    expect((await about('nothing', { name: 'x' })).error.code).toBe('not-found');
    const without = await about('typed', { name: '', tags: [] });
    expect([without.name, without.tags]).toEqual([undefined, undefined]);
    expect(await readFile(path('runs', 'typed', 'about.json')).catch(() => 'none')).toBe('none');
  });

  it('is told from others by all letters of its name', async () => {
    const names = ['実験1', '試験1', 'a b', 'a_b'];
    for (const name of names) await cp(path('runs', 'typed'), path('runs', name), { recursive: true });
    const ids = async () =>
      (await server.json<RunSummary[]>('/api/runs'))
        .filter(({ id }) => /^(__1|a_b)/.test(id))
        .map(({ id }) => id);
    await expect.poll(async () => (await ids()).length).toBe(4);
    expect(await ids()).toContain('a_b');
    for (const id of await ids()) {
      expect((await server.send('POST', `/api/runs/${id}/delete`)).status).toBe(200);
    }
  });

  it('that is removed goes', async () => {
    const events = await listenTo(server);
    await cp(path('runs', 'typed'), path('runs', 'copied'), { recursive: true });
    await events.run('copied', () => true);
    expect((await server.send('POST', '/api/runs/copied/delete')).status).toBe(200);
    await events.wait(({ name, data }) => name === 'gone' && data.id === 'copied');
    expect((await server.get('/api/runs/copied')).status).toBe(404);
    events.close();
  });
});

describe('the end of the server', () => {
  it('that nobody saw coming has its runs save and end as well', async () => {
    const words = [
      'train',
      '--data',
      path('images'),
      '--epochs',
      '500',
      '--batch-size',
      '4',
      '--threads',
      '1',
    ];
    const small = ['--set', 'filters=2', '--set', 'units=4', '--out', path('runs', 'orphan')];
    const child = fork(PROGRAM, [...words, ...small], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    child.stderr!.on('data', (text) => {
      said += text;
    });
    while (((await details('orphan').catch(() => undefined))?.history?.length ?? 0) === 0) await sleep(100);
    // What a process that is killed does to those that it started.
    child.disconnect();
    const [code] = await once(child, 'exit');
    expect([code, said]).toEqual([130, expect.stringMatching(/Stopped and saved after/)]);
    expect((await details('orphan')).summary.state).toBe('paused');
  });

  it('has runs save and end, and tells pages', async () => {
    const other = await openStudio(server.folder, { data: [path('images')], runsFolder: path('others') });
    const events = await listenTo(other);
    const answer = await other.send('POST', '/api/runs', {
      recipe: 'keras-cnn',
      data: 'images',
      options: LONG,
    });
    const { id } = (await answer.json()) as RunSummary;
    await events.wait(({ name, data }) => name === 'epoch' && data.id === id);
    expect(other.studio.running).toBe(1);
    await other.studio.close();
    await events.ended;
    const folder = new RunFolder(path('others', id));
    expect([await folder.holder(), other.studio.running]).toEqual([undefined, 0]);
    // A line for each epoch that was ended, below the names of the columns.
    const epochs = (await readFile(folder.file('history'), 'utf8')).trim().split('\n').length - 1;
    expect((await lastCheckpoint(folder.path)).position.epoch).toBe(epochs);
  });
});
