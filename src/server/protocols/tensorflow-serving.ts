import { HarrierError } from '../../errors.ts';
import { kindOf, parseObject } from '../json.ts';
import { HttpError } from '../problem.ts';
import type { Answer, ServedModel } from '../service.ts';
import { givenNames, setsFor } from './details.ts';
import { imageFrom, unwrap } from './image-value.ts';
import { json, type Reply, type Route } from './protocol.ts';

const VERSION = '1';
const DEFAULT_SIGNATURE = 'serving_default';
/** Gives objects instead of rows: probabilities, whether the image is unknown, its labels, and the set that was asked for. */
const DETAILS = 'details';

/** TensorFlow Serving's REST API (https://www.tensorflow.org/tfx/serving/api_rest), for one model of one version. */
export function tensorFlowServingRoutes(name: string): Route[] {
  const common = { path: '/v1/models/*', errorField: true };
  return [
    {
      ...common,
      method: 'GET',
      handler: ({ path, model }) => {
        const asked = parsePath(path, name, ['', '/metadata']);
        if (asked === '/metadata') return metadata(name, model());
        model();
        const status = { error_code: 'OK', error_message: '' };
        return json({ model_version_status: [{ version: VERSION, state: 'AVAILABLE', status }] });
      },
    },
    {
      ...common,
      method: 'POST',
      classifies: true,
      handler: ({ path, body, classify, model, checkCount }) => {
        parsePath(path, name, [':predict']);
        return body(async (bytes): Promise<Reply> => {
          const { isRow, list, isDetailed, sets } = readRequest(bytes);
          if (isDetailed) setsFor(model(), sets, 'sets');
          checkCount(list.length);
          const images = list.map((value, i) =>
            imageFrom(value, model(), `${isRow ? 'instances' : 'inputs'}[${i}]`),
          );
          const answer = await classify(images);
          const rows = isDetailed
            ? detailed(answer, sets)
            : answer.probabilities.map((row) => Array.from(row));
          return json(isRow ? { predictions: rows } : { outputs: rows });
        }, 'json');
      },
    },
  ];
}

/** What is asked of the model: the path's end. */
function parsePath(path: string, name: string, known: readonly string[]): string {
  const [, model, version, rest] = /^\/v1\/models\/([^/:]+)(?:\/versions\/([^/:]+))?(.*)$/.exec(path) ?? [];
  if (model !== name) {
    throw new HttpError(404, 'not-found', 'there is no such model', {
      expected: name,
      received: model?.slice(0, 80),
    });
  }
  if (version !== undefined && version !== VERSION) {
    throw new HttpError(404, 'not-found', 'there is no such version', {
      expected: VERSION,
      received: version.slice(0, 80),
    });
  }
  if (known.includes(rest)) return rest;
  throw new HttpError(404, 'not-found', 'there is nothing here', {
    expected: known.map((each) => `/v1/models/${name}${each}`).join(' or '),
    received: path.slice(0, 200),
  });
}

/** What is said of each image besides its probabilities: programs that know the default signature see no difference. */
function detailed(answer: Answer, sets: unknown) {
  const { model, probabilities, unknown } = answer;
  const setOf = setsFor(model, sets, 'sets');
  return probabilities.map((row, i) => ({
    probabilities: Array.from(row),
    ...(unknown && { unknown: unknown[i] }),
    ...(model.thresholds && { labels: givenNames(model, row) }),
    ...(setOf && { set: setOf(row).map((label) => model.classNames[label]) }),
  }));
}

/** Rows (`instances`), or the same as one column (`inputs`). */
function readRequest(bytes: Uint8Array) {
  const { instances, inputs, signature_name: signature = DEFAULT_SIGNATURE, sets } = parseObject(bytes);
  if (signature !== DEFAULT_SIGNATURE && signature !== DETAILS) {
    throw new HarrierError('bad-data', 'the model has no such signature', {
      where: 'signature_name',
      expected: `${DEFAULT_SIGNATURE} or ${DETAILS}`,
      received: kindOf(signature),
    });
  }
  const isRow = instances !== undefined;
  const list = isRow ? instances : unwrap(inputs);
  if (!Array.isArray(list) || list.length === 0) {
    throw new HarrierError('bad-data', 'no images', {
      where: isRow ? 'instances' : 'inputs',
      expected: 'an array of images',
      received: kindOf(list),
      next: 'Send {"instances": […]}, each one {"b64": "…"} or numbers by height, width and channel.',
    });
  }
  return { isRow, list, isDetailed: signature === DETAILS, sets };
}

function metadata(name: string, { imageShape, classNames }: ServedModel): Reply {
  const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: `${size}`, name: '' })) });
  const { height, width, channels } = imageShape;
  return json({
    model_spec: { name, signature_name: '', version: VERSION },
    metadata: {
      signature_def: {
        signature_def: {
          serving_default: {
            inputs: {
              image: { dtype: 'DT_UINT8', tensor_shape: dims(-1, height, width, channels), name: 'image' },
            },
            outputs: {
              probabilities: {
                dtype: 'DT_FLOAT',
                tensor_shape: dims(-1, classNames.length),
                name: 'probabilities',
              },
            },
            method_name: 'tensorflow/serving/predict',
          },
        },
      },
    },
  });
}
