import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Context, Hono } from 'hono';
import { HarrierError } from '../../errors.ts';
import { LabelList } from '../../platform/node/datasets/label-list.ts';
import { DECODER_VERSION } from '../../platform/node/images/decode.ts';
import type { JsonObject } from '../../server/json.ts';
import type { LabellingAct, LabellingDeed } from '../api.ts';
import { cached, json, notFound } from '../respond.ts';
import { drawPhoto, photoSide } from './photo.ts';
import type { LabelSession } from './session.ts';

/** Images of one act. */
const MOST_IMAGES = 1_000;
/** Letters of who acts. */
const MOST_LETTERS = 64;

/** The routes of labelling. @param body reads the JSON object that a request brings */
export function addLabellingRoutes(
  app: Hono,
  session: LabelSession | undefined,
  body: (context: Context) => Promise<JsonObject>,
): void {
  const own = () => session ?? notFound('folder that is labelled');

  app.get('/api/labelling', ({ req }) => {
    const idsIn = (text = '') =>
      text
        .split(',', MOST_IMAGES)
        .filter((image) => /^\d{1,9}$/.test(image))
        .map(Number);
    const answer = own().answer(idsIn(req.query('shown'))[0], idsIn(req.query('group')), req.query('by'));
    return json(answer, answer.state === 'opening' ? 202 : 200);
  });
  app.post('/api/labelling/acts', async (context) =>
    json(await own().act(labellingAct(await body(context)))),
  );
  app.post('/api/labelling/move', async () => json(await own().move()));
  app.get('/api/labelling/image/:id', async ({ req }) => {
    const path = join(own().folder, await own().file(Number(req.param('id'))));
    const side = photoSide(req.query('size'));
    const info = await stat(path).catch(() => notFound('file', path));
    const etag = createHash('sha256')
      .update(`${DECODER_VERSION} ${path} ${info.size} ${info.mtimeMs} ${side}`)
      .digest('hex')
      .slice(0, 32);
    return cached(req.raw, { type: 'image/webp', etag }, () => drawPhoto(path, side));
  });
  app.get('/api/labelling/labels.csv', async () => {
    const { path } = await LabelList.read(own().folder);
    const bytes = await readFile(path).catch(() => notFound('list of labels yet'));
    return new Response(new Uint8Array(bytes), {
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': `attachment; filename="${basename(path)}"`,
        'cache-control': 'no-store',
      },
    });
  });
}

/** @throws HarrierError `bad-data` for what is no act */
function labellingAct(value: JsonObject): LabellingAct {
  const { by } = value;
  return { ...deedOf(value), ...(typeof by === 'string' && { by: by.slice(0, MOST_LETTERS) }) };
}

function deedOf(value: JsonObject): LabellingDeed {
  const { act, images, files = [], label, doubted = [], image, file = '', name } = value;
  if (
    act === 'confirm' &&
    areImages(images) &&
    areTexts(files) &&
    typeof label === 'string' &&
    areImages(doubted)
  ) {
    return { act, images, files, label, doubted };
  }
  if (act === 'skip' && Number.isInteger(image) && typeof file === 'string') {
    return { act, image: image as number, ...(file !== '' && { file }) };
  }
  if (act === 'class' && typeof name === 'string') return { act, name };
  if (act === 'undo' || act === 'revisit') return { act };
  throw new HarrierError('bad-data', 'this is no act of labelling', {
    expected:
      '{ "act": "confirm", "images": [ids], "label": "class" }, { "act": "skip", "image": id }, { "act": "revisit" }, { "act": "class", "name": "class" } or { "act": "undo" }',
  });
}

function areTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.length <= MOST_IMAGES && value.every((each) => typeof each === 'string')
  );
}

function areImages(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MOST_IMAGES && value.every(Number.isInteger);
}
