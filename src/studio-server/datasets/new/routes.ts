import type { Hono } from 'hono';
import { HarrierError } from '../../../errors.ts';
import { BodyBudget, withBody } from '../../../server/body.ts';
import type { RefusedImage } from '../../api.ts';
import { json } from '../../respond.ts';
import type { ReadBody } from '../routes.ts';
import type { NewDatasets } from './new-datasets.ts';

/** Bytes of one image file. */
const LARGEST_IMAGE = 64 * 2 ** 20;

/** What is wrong with one image alone. */
const OF_ONE_IMAGE: ReadonlySet<string> = new Set(['bad-data', 'too-large']);

/** All routes below api/new-datasets. */
export function addNewDatasetRoutes(app: Hono, sets: NewDatasets, body: ReadBody): void {
  const budget = new BodyBudget(4 * LARGEST_IMAGE);
  app.post('/api/new-datasets', async (context) => {
    const { name } = await body(context);
    if (typeof name !== 'string') {
      throw new HarrierError('bad-data', 'a data set needs a name', { expected: '{ "name": text }' });
    }
    return json(await sets.begin(name), 201);
  });
  app.put('/api/new-datasets/:id/image', async ({ req }) => {
    const path = req.query('path') ?? '';
    const limits = { most: LARGEST_IMAGE, budget };
    try {
      return json(await withBody(req.raw, limits, (bytes) => sets.add(req.param('id'), path, bytes)));
    } catch (error) {
      return json({ refused: refusalOfImage(error) } satisfies RefusedImage);
    }
  });
  app.post('/api/new-datasets/:id/finish', async ({ req }) => json(await sets.finish(req.param('id')), 201));
  app.post('/api/new-datasets/:id/cancel', async ({ req }) => {
    await sets.cancel(req.param('id'));
    return json({ id: req.param('id') });
  });
}

/** Why an image is left out. @throws what would refuse every image */
function refusalOfImage(error: unknown): string {
  if (error instanceof HarrierError && OF_ONE_IMAGE.has(error.code)) return error.message;
  throw error;
}
