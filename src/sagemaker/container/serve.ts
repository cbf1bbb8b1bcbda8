import { readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { RUN_FILES } from '../../runs/stored-run.ts';
import type { Log } from '../../server/log.ts';
import { serveModels } from '../../server/multi-model/serve-models.ts';
import { type ServerHandle, serveModel } from '../../server/serve.ts';
import { LIMITS } from '../client/limits.ts';
import type { ContainerPaths } from './paths.ts';

/** SageMaker waits 60 s for an answer; one that comes later is for nobody. */
const DEADLINE_MS = 55_000;
/** A batch transform waits 600 s for the answer to many images. */
const BATCH_DEADLINE_MS = 590_000;
/** Files that a refusal names. */
const MOST_NAMES = 10;
/** Each model is a thread. */
const MOST_MODELS = 1_000;
/** The user that the official Node.js images bring along. */
const USER = 'node';

/**
 * `serve` of the container: the model in `model/` on port 8080, or `SAGEMAKER_BIND_TO_PORT`. It answers from the first
 * moment, 503 until the model is ready. With `SAGEMAKER_MULTI_MODEL=true`, it begins without a model, and requests load
 * and unload models. Nothing is written.
 *
 * @throws HarrierError `not-found` without a model, `bad-option` for a port or a number of models that cannot be, and
 *   what `serveModel` throws
 */
export async function serveInContainer(
  paths: ContainerPaths,
  environment: Readonly<Record<string, string | undefined>>,
  log: Log,
): Promise<Pick<ServerHandle, 'close'>> {
  const isBatch = environment.SAGEMAKER_BATCH === 'true';
  const options = {
    host: '0.0.0.0',
    port: portOf(environment.SAGEMAKER_BIND_TO_PORT),
    deadlineMs: isBatch ? BATCH_DEADLINE_MS : DEADLINE_MS,
    // A batch has nobody who waits for a single answer: better late than refused. Its records come as large bodies.
    ...(isBatch && { maxQueue: 1_024, maxJsonBytes: LIMITS.payload }),
    log,
  };
  const server =
    environment.SAGEMAKER_MULTI_MODEL === 'true'
      ? await serveModels({
          ...options,
          findModel: modelAt,
          maxModels: mostModels(environment.HARRIER_MAX_MODELS),
        })
      : // What is in there does not change.
        await serveModel({ ...options, modelFile: await modelIn(paths.model), watchMs: 0 });
  if (environment.SAGEMAKER_BASE_DIR === undefined) stepDown(log);
  return server;
}

/** The model of a multi-model endpoint, where SageMaker unpacked it. */
async function modelAt(url: string): Promise<string> {
  if (isAbsolute(url)) return modelIn(url);
  throw new HarrierError('bad-data', 'this is not the folder of a model', {
    where: 'url',
    expected: 'an absolute path, such as /opt/ml/models/NAME/model',
    received: `"${url.slice(0, 80)}"`,
  });
}

async function modelIn(folder: string): Promise<string> {
  const names = await readdir(folder).catch((error) => {
    throw readError(error, folder, 'folder');
  });
  const models = names.filter((name) => name.endsWith('.onnx'));
  const name = models.includes(RUN_FILES.model) ? RUN_FILES.model : models[0];
  if (name !== undefined && (models.length === 1 || name === RUN_FILES.model)) return join(folder, name);
  throw new HarrierError('not-found', 'the model archive contains no model.onnx', {
    where: folder,
    expected: 'model.onnx at the top of model.tar.gz',
    received: names.length > 0 ? names.slice(0, MOST_NAMES).join(', ') : 'an empty folder',
    next: 'Deploy with npx harrier sagemaker deploy, which packs it that way.',
  });
}

function mostModels(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= MOST_MODELS) return count;
  throw new HarrierError('bad-option', 'this is not a number of models', {
    where: 'HARRIER_MAX_MODELS',
    expected: `1 to ${MOST_MODELS}`,
    received: `"${text}"`,
  });
}

function portOf(text: string | undefined): number {
  if (text === undefined || text === '') return 8080;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new HarrierError('bad-option', 'this is not a port', {
    where: 'SAGEMAKER_BIND_TO_PORT',
    expected: '1 to 65535',
    received: `"${text}"`,
  });
}

/** Images come from anywhere: an attacker who breaks out of a decoder should not be root. */
function stepDown(log: Log): void {
  if (process.getuid?.() !== 0) return;
  try {
    process.setgroups?.([]);
    process.setgid?.(USER);
    process.setuid?.(USER);
  } catch (error) {
    log('warn', 'still root', { reason: error instanceof Error ? error.message : `${error}` });
  }
}
