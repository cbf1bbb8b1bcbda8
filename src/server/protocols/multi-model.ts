import { HarrierError } from '../../errors.ts';
import { parseObject } from '../json.ts';
import type { LoadedModel, LoadedModels } from '../multi-model/loaded-models.ts';
import { HttpError } from '../problem.ts';
import { json, type Route } from './protocol.ts';
import { invocation } from './sagemaker.ts';

const LONGEST_NAME = 1024;
const SUBJECT = '/models/';

/**
 * The contract of SageMaker's containers that hold several models
 * (https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html).
 */
export function multiModelRoutes(models: LoadedModels, isReady: () => boolean): Route[] {
  return [
    { method: 'GET', path: '/ping', isOpen: true, handler: () => ({ status: isReady() ? 200 : 503 }) },
    { method: 'GET', path: '/models', handler: () => json({ models: models.all.map(described) }) },
    {
      method: 'POST',
      path: '/models',
      handler: async ({ request, body }) => {
        if (isEmpty(request)) throw noOrder();
        const { name, url } = await body(async (bytes) => orderFrom(bytes), 'json');
        return json(described(await models.load(name, url).catch(refusedModel)));
      },
    },
    {
      method: 'GET',
      path: '/models/:name',
      handler: ({ path }) => json(described(models.find(nameIn(path)))),
    },
    {
      method: 'DELETE',
      path: '/models/:name',
      handler: async ({ path }) => json(described(await models.unload(nameIn(path)))),
    },
    { method: 'POST', path: '/models/:name/invoke', classifies: true, handler: invocation },
    {
      method: 'POST',
      path: '/invocations',
      handler: () => {
        throw new HttpError(
          404,
          'not-found',
          'this server holds several models, so a request must name one',
          {
            expected: 'POST /models/NAME/invoke',
            received: 'POST /invocations',
            next: 'GET /models lists the models. On SageMaker, send TargetModel.',
          },
        );
      },
    },
  ];
}

/** The name of a model in the path of a URL. @throws HttpError 404 where it makes no sense */
export function nameIn(path: string): string {
  const [name = ''] = path.slice(SUBJECT.length).split('/');
  try {
    return decodeURIComponent(name);
  } catch {
    throw new HttpError(404, 'not-found', 'this is no name of a model', { where: name.slice(0, 200) });
  }
}

function isEmpty({ headers }: Request): boolean {
  return !headers.has('transfer-encoding') && Number(headers.get('content-length')) === 0;
}

function described({ name, url }: LoadedModel) {
  return { modelName: name, modelUrl: url };
}

/** `{"model_name": …, "url": …}`. */
function orderFrom(bytes: Uint8Array): { name: string; url: string } {
  const { model_name: name, url } = parseObject(bytes);
  // Those two mean something else in a URL.
  if (!isText(name) || !isText(url) || /^\.\.?$/.test(name)) throw noOrder();
  return { name, url };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NAME;
}

function noOrder(): HarrierError {
  return new HarrierError('bad-data', 'this does not say which model to load', {
    where: 'body',
    expected: `{"model_name": "…", "url": "…"}, each of 1 to ${LONGEST_NAME} characters`,
    next: 'The url is the folder of the unpacked model archive, such as /opt/ml/models/NAME/model.',
  });
}

/** SageMaker takes 404 and 5xx for other things than a model that cannot be used. */
function refusedModel(error: unknown): never {
  const isModels = error instanceof HarrierError && /^(bad-|not-found|not-supported)/.test(error.code);
  if (!isModels) throw error;
  const { code, summary, details } = error;
  throw new HttpError(400, code, summary, { ...details, cause: error });
}
