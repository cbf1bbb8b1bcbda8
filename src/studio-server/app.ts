import { readFile, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { Hono } from 'hono';
import { HarrierError } from '../errors.ts';
import { humanBaseline } from '../evaluation/human-baseline.ts';
import { CIFAR10_CLASSES } from '../platform/node/datasets/cifar10-files.ts';
import { hasSeveralLabels } from '../platform/node/datasets/several-labels.ts';
import { allRecipes } from '../platform/node/runs/recipe-files.ts';
import { BodyBudget, withBody } from '../server/body.ts';
import { parseObject } from '../server/json.ts';
import type { RunAbout, RunFileName, StudioState } from './api.ts';
import type { BackboneLibrary } from './backbone.ts';
import type { DatasetLibrary } from './datasets/dataset-library.ts';
import type { Inspector } from './datasets/inspector.ts';
import type { NewDatasets } from './datasets/new/new-datasets.ts';
import { addNewDatasetRoutes } from './datasets/new/routes.ts';
import { addDatasetRoutes, type ReadBody } from './datasets/routes.ts';
import type { EventHub } from './events.ts';
import { createGuard, type GuardOptions, REPORT_POLICY, SECURITY_HEADERS } from './guard.ts';
import { addLabellingRoutes } from './labelling/routes.ts';
import type { LabelSession } from './labelling/session.ts';
import type { ModelLibrary } from './models.ts';
import type { PageFiles } from './page.ts';
import { cached, json, notFound, refusal } from './respond.ts';
import { requestAgain } from './training/again.ts';
import { recipeForm } from './training/form.ts';
import { planOf } from './training/plan.ts';
import { runPredictions } from './training/predictions.ts';
import { checkProblems, type ReadWords, readRequest } from './training/request.ts';
import type { RunLibrary } from './training/run-library.ts';
import { SERVED_FILES } from './training/run-view.ts';
import { StartingPoints } from './training/starting-points.ts';
import type { RunTimer } from './training/timer.ts';
import { dataWords, type Trainer } from './training/trainer.ts';
import { waysFor } from './training/ways.ts';

export interface StudioAppOptions {
  readonly version: string;
  readonly guard: GuardOptions;
  readonly page: PageFiles;
  readonly datasets: DatasetLibrary;
  readonly newDatasets: NewDatasets;
  readonly inspector: Inspector;
  readonly runs: RunLibrary;
  readonly trainer: Trainer;
  readonly timer: RunTimer;
  readonly models: ModelLibrary;
  readonly backbones: BackboneLibrary;
  readonly labelling?: LabelSession;
  readonly hub: EventHub;
  readonly readWords: ReadWords;
  /** Tells this server from the one before. */
  readonly server: string;
  /** Takes what was no mistake of a client's. */
  readonly log: (error: unknown) => void;
}

/** Bytes of a body: a form, or a label correction. */
const MOST_BODY = 64 * 1024;

/** The HTTP side of Studio: all its routes. It knows no sockets. */
export function createStudioApp(options: StudioAppOptions): {
  fetch(request: Request): Response | Promise<Response>;
} {
  const { datasets, newDatasets, runs, inspector, trainer, models, backbones, hub, page, version } = options;
  const guard = createGuard(options.guard);
  const budget = new BodyBudget(16 * MOST_BODY);
  const app = new Hono({ strict: false });
  const { readWords } = options;
  const points = new StartingPoints(models);
  const isMultiLabel = (id: string) => hasSeveralLabels(datasets.source(id).spec);
  const reader = { readWords, points, isMultiLabel };
  const body: ReadBody = (context) =>
    withBody(context.req.raw, { most: MOST_BODY, budget }, async (bytes) => parseObject(bytes));

  app.get('/api/state', () => {
    const state: StudioState = {
      version,
      runsFolder: runs.folder,
      datasets: datasets.sources.map(({ id }) => id),
      ...(newDatasets.folder !== undefined && { dataFolder: newDatasets.folder }),
      canTrain: true,
      ...(options.labelling && { canLabel: true }),
    };
    return json(state);
  });
  app.get('/api/events', async () =>
    hub.connect([
      ['hello', { server: options.server, version }],
      ...(await runs.list()).map((run) => ['run', run] as const),
    ]),
  );
  app.get('/api/human-baseline', () =>
    json(
      humanBaseline(
        CIFAR10_CLASSES.map(() => CIFAR10_CLASSES.map(() => 0)),
        CIFAR10_CLASSES,
      ),
    ),
  );

  addDatasetRoutes(app, { datasets, runs, inspector, body });
  addNewDatasetRoutes(app, newDatasets, body);

  app.get('/api/recipes', async () =>
    json([...(await allRecipes()).values()].map(({ recipe }) => recipeForm(recipe))),
  );
  app.get('/api/runs', async () => json(await runs.list()));
  app.post('/api/runs', async (context) => {
    const request = await readRequest(await body(context), reader);
    checkProblems(request);
    const source = datasets.source(request.data);
    const id = await trainer.start(request, source);
    return json(await runs.summary(id), 201);
  });
  app.post('/api/runs/plan', async (context) =>
    json(await planOf(await readRequest(await body(context), reader), { datasets, runs, readWords })),
  );
  app.post('/api/runs/time', async (context) => {
    const request = await readRequest(await body(context), reader);
    checkProblems(request);
    const { spec } = datasets.source(request.data);
    const seconds = await options.timer.seconds([...request.words, ...dataWords(spec)]);
    return json({ seconds });
  });
  app.get('/api/datasets/:id/ways', async ({ req }) =>
    json(await waysFor((await datasets.get(req.param('id'))).info(), points)),
  );
  app.get('/api/runs/:id/again', async ({ req }) => {
    const { record, id } = await runs.view(req.param('id'));
    return json(
      await requestAgain(record ?? notFound('record of a run', id), { ...reader, datasets, runs, models }),
    );
  });
  app.get('/api/runs/:id', async ({ req }) => json(await runs.details(req.param('id'))));
  app.get('/api/runs/:id/predictions', async ({ req }) =>
    json(await runPredictions(await runs.view(req.param('id')), datasets)),
  );
  app.get('/api/runs/:id/files/:name', async ({ req }) => {
    const { id, name } = req.param();
    if (!Object.hasOwn(SERVED_FILES, name)) notFound('file of a run', name);
    const { file, type } = SERVED_FILES[name as RunFileName];
    const { folder } = await runs.view(id);
    return fileOf(req.raw, folder.file(file), folder.path, type);
  });
  app.post('/api/runs/:id/about', async (context) =>
    json(await runs.describe(context.req.param('id'), aboutIn(await body(context)))),
  );
  app.post('/api/runs/:id/delete', async ({ req }) => {
    const id = req.param('id');
    await trainer.remove(id);
    return json({ id });
  });
  for (const [verb, act] of Object.entries({
    pause: (id: string) => trainer.end(id, 'paused'),
    stop: (id: string) => trainer.end(id, 'stopped'),
    resume: (id: string) => trainer.resume(id),
  })) {
    app.post(`/api/runs/:id/${verb}`, async ({ req }) => {
      const id = req.param('id')!;
      await act(id);
      return json(await runs.summary(id));
    });
  }

  app.get('/api/models', async () => json((await models.list()).map(({ info }) => info)));
  app.get('/api/models/:id/model.onnx', async ({ req }) => {
    const { path, info } = await models.find(req.param('id'));
    const folder = info.source === 'run' ? (await runs.view(info.id)).folder.path : undefined;
    return fileOf(req.raw, path, folder, 'application/octet-stream');
  });

  app.get('/api/backbone', async () => json((await backbones.find())?.info ?? null));
  app.get('/api/backbone/model.onnx', async ({ req }) => {
    const served = (await backbones.find()) ?? notFound('backbone');
    const etag = `${served.info.hash.slice(0, 16)}-${served.bytes.length.toString(16)}`;
    return cached(req.raw, { type: 'application/octet-stream', etag }, async () => served.bytes);
  });

  addLabellingRoutes(app, options.labelling, body);

  app.all('/api/*', ({ req }) => notFound('address', `${req.method} ${req.path}`));
  app.get('*', async ({ req }) => {
    const answer = await page.answer(req.raw, new URL(req.url).pathname);
    if (answer) return answer;
    if (!isVisit(req.raw)) return notFound('page', req.path);
    // Files of the page lie beside it: from a folder that there is not, it would find none of them.
    // Relative: a proxy may have the page below a path of its own.
    const up = '../'.repeat(req.path.split('/').length - 2) || './';
    const location = `${up}not-found?address=${encodeURIComponent(req.path.slice(0, 200))}`;
    return new Response(null, { status: 303, headers: { location } });
  });
  app.all('*', ({ req }) => notFound('address', `${req.method} ${req.path}`));
  app.onError((error) => refusal(error, options.log));

  return {
    async fetch(request) {
      let response: Response;
      try {
        response = guard(request) ?? (await app.fetch(request));
      } catch (error) {
        response = refusal(error, options.log);
      }
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
        if (!response.headers.has(name)) response.headers.set(name, value);
      }
      return response;
    },
  };
}

/** @throws HarrierError `bad-data` for what says nothing of a run */
function aboutIn({ name, tags }: Readonly<Record<string, unknown>>): RunAbout {
  const isTexts = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string');
  if ((name === undefined || typeof name === 'string') && (tags === undefined || isTexts)) {
    return { ...(name !== undefined && { name }), ...(isTexts && { tags }) };
  }
  throw new HarrierError('bad-data', 'this says nothing of a run', { expected: '{ name, tags }' });
}

/** A file, where it lies in its folder truly: a link that leads out of it is none. */
async function fileOf(
  request: Request,
  path: string,
  folder: string | undefined,
  type: string,
): Promise<Response> {
  const real = await realpath(path).catch(() => notFound('file'));
  const root = folder === undefined ? undefined : await realpath(folder).catch(() => notFound('file'));
  if (root !== undefined && !real.startsWith(root + sep)) notFound('file');
  const { size, mtimeMs } = await stat(real);
  const etag = `${size.toString(16)}-${Math.round(mtimeMs).toString(16)}`;
  const response = await cached(request, { type, etag }, async () => new Uint8Array(await readFile(real)));
  if (type.startsWith('text/html')) response.headers.set('content-security-policy', REPORT_POLICY);
  return response;
}

/** Somebody follows a link or types an address, and should see a page. */
function isVisit({ headers }: Request): boolean {
  return headers.get('sec-fetch-mode') === 'navigate';
}
