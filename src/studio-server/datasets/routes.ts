import type { Context, Hono } from 'hono';
import { type ImageInput, imageBytes, imageInput } from '../../data/dataset.ts';
import { isPreprocessing } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import { isObject } from '../../options/values.ts';
import { HttpError } from '../../server/problem.ts';
import type { CorrectionChange, CorrectionChanges, CorrectionFilter, Split } from '../api.ts';
import { REPORT_POLICY } from '../guard.ts';
import { cached, FOREVER, isKnown, json, notFound } from '../respond.ts';
import type { RunLibrary } from '../training/run-library.ts';
import type { DatasetLibrary } from './dataset-library.ts';
import type { Inspector } from './inspector.ts';
import { photo, photoTag, pixelsSeenBy, seenBy, thumbnail } from './photos.ts';
import { drawImage, PER_PAGE, SheetMaker } from './sheets.ts';
import type { SplitView } from './split-view.ts';

/** Reads the JSON of a request. @throws HarrierError, HttpError where it is none or too large */
export type ReadBody = (context: Context) => Promise<Readonly<Record<string, unknown>>>;

/** Images of one list. */
const MOST_LISTED = 1_000;
const PIXEL_IMAGES = 256;
const MOST_BYTES = 2 ** 28;
/** Images whose corrections are changed at once. */
const MOST_CHANGED = 5_000;
const LARGEST_THUMBNAIL = 640;
const NOTHING = new Uint8Array();

/** All routes below api/datasets. */
export function addDatasetRoutes(
  app: Hono,
  options: {
    readonly datasets: DatasetLibrary;
    readonly runs: RunLibrary;
    readonly inspector: Inspector;
    readonly body: ReadBody;
  },
): void {
  const { datasets, runs, inspector, body } = options;
  const sheets = new SheetMaker();
  app.get('/api/datasets/:id', async ({ req }) => {
    const answer = await datasets.answer(req.param('id'));
    return json(answer, answer.state === 'ready' ? 200 : 202);
  });
  app.get('/api/datasets/:id/duplicates', async ({ req }) => {
    const answer = (await datasets.get(req.param('id'))).duplicates.answer();
    return json(answer, answer.state === 'done' ? 200 : 202);
  });
  app.get('/api/datasets/:id/inspection', async ({ req }) => json(await inspector.answer(req.param('id'))));
  app.post('/api/datasets/:id/inspection', async ({ req }) =>
    json(await inspector.start(req.param('id')), 202),
  );
  app.post('/api/datasets/:id/inspection/stop', async ({ req }) =>
    json(await inspector.stop(req.param('id'))),
  );
  app.get('/api/datasets/:id/inspection/map', async ({ req }) => json(await inspector.map(req.param('id'))));
  app.get('/api/datasets/:id/inspection/page', async ({ req }) => {
    const page = await inspector.page(req.param('id'));
    const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': REPORT_POLICY };
    return new Response(page, { headers });
  });
  app.get('/api/datasets/:id/:split/images', async (context) => {
    const view = await viewOf(context);
    const found = filtered(context, view);
    const offset = wholeNumber(context, 'offset') ?? 0;
    const limit = Math.min(MOST_LISTED, wholeNumber(context, 'limit') ?? MOST_LISTED);
    const images = [...found.subarray(offset, offset + limit)].map((index) => view.entry(index));
    return json({ total: found.length, images });
  });
  app.get('/api/datasets/:id/:split/sheet', async (context) => {
    const view = await viewOf(context);
    const given = context.req.query('indices');
    const start = (wholeNumber(context, 'page') ?? 0) * PER_PAGE;
    const indices =
      given === undefined
        ? [...filtered(context, view).subarray(start, start + PER_PAGE)]
        : indicesOf(given, view, PER_PAGE);
    const etag = view.etag(indices, 'sheet');
    // Who names the content that is wanted may keep it for ever.
    const control =
      context.req.query('v') === view.dataset.hash && !isFiltered(context) ? FOREVER : undefined;
    return cached(context.req.raw, { type: 'image/webp', etag, control }, () =>
      sheets.sheet(view, indices, etag),
    );
  });
  app.get('/api/datasets/:id/:split/image/:index', async (context) => {
    const view = await viewOf(context);
    const index = view.check(Number(context.req.param('index')));
    const size = wholeNumber(context, 'size');
    const etag = view.etag([index], `image ${size ?? ''}`);
    return cached(context.req.raw, { type: 'image/png', etag }, () => drawImage(view, index, size));
  });
  app.get('/api/datasets/:id/:split/photo/:index', async (context) => {
    const view = await viewOf(context);
    const index = view.check(Number(context.req.param('index')));
    const size = wholeNumber(context, 'size');
    const etag = `${await photoTag(view, index)}${size === undefined ? '' : `-${size}`}`;
    if (size !== undefined) {
      const side = Math.min(LARGEST_THUMBNAIL, Math.max(1, size));
      return cached(context.req.raw, { type: 'image/webp', etag }, () => thumbnail(view, index, side));
    }
    if (isKnown(context.req.raw, etag)) return cached(context.req.raw, { type: '', etag }, () => NOTHING);
    const { type, bytes } = await photo(view, index);
    return cached(context.req.raw, { type, etag }, () => bytes);
  });
  app.get('/api/datasets/:id/:split/seen/:index', async (context) => {
    const view = await viewOf(context);
    const index = view.check(Number(context.req.param('index')));
    const run = context.req.query('run') ?? '';
    const record = (await runs.view(run)).record ?? notFound('record of a run', run);
    const shape = { ...record.data.imageShape, preprocessing: record.options.preprocessing };
    const etag = view.etag([index], `seen ${JSON.stringify(shape)}`);
    return cached(context.req.raw, { type: 'image/png', etag }, () => seenBy(view, index, shape));
  });
  app.get('/api/datasets/:id/:split/indices', async (context) =>
    json([...filtered(context, await viewOf(context))]),
  );
  app.get('/api/datasets/:id/:split/pixels', async (context) => {
    const view = await viewOf(context);
    const indices = indicesOf(context.req.query('indices') ?? '', view, PIXEL_IMAGES);
    const shape = shapeOf(context, indices.length);
    const etag = view.etag(indices, `pixels ${JSON.stringify(shape)}`);
    return cached(context.req.raw, { type: 'application/octet-stream', etag }, () =>
      shape ? pixelsSeenBy(view, indices, shape) : view.pixels(indices),
    );
  });
  app.put('/api/datasets/:id/:split/marks/:index', async (context) => {
    const { id, split, index } = context.req.param();
    const dataset = await datasets.get(id);
    const change = { ...correctionChange(await body(context)), indices: [Number(index)] };
    return json((await dataset.setCorrections(split as Split, [change])).after[0]);
  });
  app.put('/api/datasets/:id/:split/marks', async (context) => {
    const { id, split } = context.req.param();
    const dataset = await datasets.get(id);
    const { hash, ...changes } = await body(context);
    return json(await dataset.setCorrections(split as Split, correctionChanges(changes), hash));
  });

  async function viewOf(context: Context): Promise<SplitView> {
    const { id, split } = context.req.param() as { id: string; split: string };
    return (await datasets.get(id)).view(split);
  }
}

function isFiltered({ req }: Context): boolean {
  return ['class', 'mark', 'q'].some((name) => (req.query(name) ?? '') !== '');
}

function filtered(context: Context, view: SplitView): Uint32Array {
  const mark = context.req.query('mark') || undefined;
  const known: readonly CorrectionFilter[] = ['any', 'none', 'relabelled', 'excluded'];
  if (mark !== undefined && !known.some((each) => each === mark))
    throw badQuery('mark', known.join(', '), mark);
  return view.find({
    class: wholeNumber(context, 'class'),
    mark: mark as CorrectionFilter | undefined,
    text: context.req.query('q'),
  });
}

function wholeNumber({ req }: Context, name: string): number | undefined {
  const text = req.query(name);
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badQuery(name, 'a whole number', text);
}

/** The shape that so many images are asked for in; undefined where it is the data set's. */
function shapeOf({ req }: Context, images: number): ImageInput | undefined {
  const text = req.query('shape');
  if (text === undefined) return undefined;
  try {
    const { height, width, preprocessing } = JSON.parse(text) as ImageInput;
    const shape = { height, width, channels: 3 };
    const isSides = [height, width].every((side) => Number.isInteger(side) && side > 0);
    if (isSides && images * imageBytes(shape) <= MOST_BYTES) {
      if (preprocessing === undefined) return shape;
      if (isPreprocessing(preprocessing)) return imageInput(shape, preprocessing);
    }
  } catch {
    // It is no JSON.
  }
  throw badQuery('shape', '{"height": …, "width": …} of images that make at most 256 MiB', text);
}

function indicesOf(text: string, view: SplitView, most: number): number[] {
  const indices = text.split(',').map((each) => (/^\d{1,9}$/.test(each) ? Number(each) : Number.NaN));
  const isFine = indices.length <= most && indices.every((index) => index < view.dataset.size);
  if (isFine) return indices;
  throw badQuery(
    'indices',
    `up to ${most} whole numbers below ${view.dataset.size}, with commas between`,
    text,
  );
}

function badQuery(where: string, expected: string, received: string): HttpError {
  return new HttpError(400, 'bad-option', 'this cannot be asked for', {
    where,
    expected,
    received: `"${received.slice(0, 60)}"`,
  });
}

function correctionChanges({ changes }: Readonly<Record<string, unknown>>): CorrectionChanges['changes'] {
  const all = Array.isArray(changes) && changes.every(isObject) ? changes : [];
  const images = all.flatMap(({ indices }) => (Array.isArray(indices) ? indices : [Number.NaN]));
  if (images.length > 0 && images.length <= MOST_CHANGED && images.every(Number.isInteger)) {
    return all.map(({ indices, ...change }) => ({
      ...correctionChange(change),
      indices: indices as number[],
    }));
  }
  throw new HarrierError('bad-data', 'these are not label corrections', {
    expected: `{ "changes": [{ "indices": [whole numbers], "label": …, "excluded": … }] } of 1 to ${MOST_CHANGED} images`,
  });
}

function correctionChange(value: unknown): CorrectionChange {
  const { label, excluded, ...others } = isObject(value) ? value : {};
  const isLabel = label === undefined || label === null || Number.isInteger(label);
  const isExcluded = excluded === undefined || typeof excluded === 'boolean';
  if (isLabel && isExcluded && Object.keys(others).length === 0)
    return { label, excluded } as CorrectionChange;
  throw new HarrierError('bad-data', 'this is not a label correction', {
    expected: '{ "label": a whole number or null, "excluded": true or false }',
  });
}
