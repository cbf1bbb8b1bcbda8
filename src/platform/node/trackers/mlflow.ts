import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { urlToHttpOptions } from 'node:url';
import { HarrierError } from '../../../errors.ts';
import type { EpochRecord } from '../../../evaluation/index.ts';
import { jsonObject } from '../../../json-text.ts';
import { publicAddress } from '../backbones/public-address.ts';
import { openUrl } from '../files/open-url.ts';
import { metricsOf, resultMetricsOf, type TrackedResult, type TrackedRun, type Tracker } from './tracker.ts';

/** Longest wait for an answer; beside it, files have the time that so many bytes a millisecond take. */
const PATIENCE_MS = 15_000;
const SLOWEST = 10;
/** MLflow takes so many parameters at once, and so long ones. */
const MOST_PARAMETERS = 100;
const LONGEST = 500;
/** And the metrics of so many epochs. */
const MOST_EPOCHS = 100;
/** A server that is away is asked again after so long, and at the end of the run. */
const AWAY_MS = 60_000;

/** The run over there, kept in the run's folder: a run that is resumed goes on there too. */
export const KEPT = 'mlflow.json';

/**
 * A run on an MLflow tracking server, by its REST API: parameters, metrics by epoch, and at the end model, card, report and
 * confusion matrix as artefacts, where the server takes artefacts itself (`mlflow server --serve-artifacts`, its default).
 *
 * `MLFLOW_EXPERIMENT_NAME` names the experiment (default `harrier`); `MLFLOW_TRACKING_TOKEN`, or `…_USERNAME` and
 * `…_PASSWORD`, are sent to the server.
 */
export function mlflow(address: string, environment: NodeJS.ProcessEnv = process.env): Tracker {
  // Nothing that is kept or said has its password.
  const base = withoutPassword(address);
  const authorization = authorizationFor(address, environment);
  const experiment = environment.MLFLOW_EXPERIMENT_NAME || 'harrier';
  const name = `MLflow at ${base}`;
  let begun: { readonly tracked: TrackedRun; readonly at: number };
  let run: { readonly id: string; readonly artifacts: string } | undefined;
  /** Parameters and epochs that the server does not know of yet. */
  const untoldParameters: { readonly key: string; readonly value: string }[] = [];
  const untold: EpochRecord[] = [];
  let askAgain = 0;

  const ask = async (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object | Buffer,
  ): Promise<Readonly<Record<string, unknown>> | undefined> => {
    const answer = await openUrl(`${base}/api/2.0/${path}`, {
      method,
      headers: {
        ...(body && {
          'content-type': Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json',
        }),
        ...authorization,
      },
      ...(body && { body: Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(
        PATIENCE_MS + (Buffer.isBuffer(body) ? Math.ceil(body.length / SLOWEST) : 0),
      ),
    });
    const text = await answer.text();
    if (answer.ok) return jsonObject(text);
    if (answer.status === 404 && method === 'GET') return undefined;
    const isAway = answer.status === 429 || answer.status >= 500;
    throw new HarrierError(
      isAway ? 'network' : 'refused',
      `the server answered with ${answer.status} ${answer.statusText}`,
      { received: String(jsonObject(text)?.message ?? text.slice(0, 200)) || undefined },
    );
  };
  const log = async (batch: object) => {
    await ask('POST', 'mlflow/runs/log-batch', { run_id: run!.id, ...batch });
  };
  const stepMetrics = (step: number, metrics: readonly (readonly [string, number])[]) =>
    metrics.map(([key, value]) => ({ key, value, step, timestamp: Date.now() }));
  /** Finds the run over there that this one goes on with, or makes a new one. */
  const connect = async () => {
    const { id, name: runName, folder, parameters } = begun.tracked;
    const kept = jsonObject(await readFile(join(folder, KEPT), 'utf8').catch(() => ''));
    if (withoutPassword(`${kept?.address}`) === base && typeof kept?.run === 'string') {
      const answer = await ask('GET', `mlflow/runs/get?run_id=${encodeURIComponent(kept.run)}`);
      if (answer) {
        const found = runOf(answer);
        await ask('POST', 'mlflow/runs/update', { run_id: found.id, status: 'RUNNING' });
        run = found;
        return;
      }
    }
    const created = await ask('POST', 'mlflow/runs/create', {
      experiment_id: await experimentId(ask, experiment),
      run_name: runName,
      start_time: begun.at,
      tags: [
        { key: 'mlflow.source.name', value: 'harrier' },
        { key: 'harrier.run', value: id },
      ],
    });
    run = runOf(created);
    untoldParameters.push(...plainKeys(parameters));
    await writeFile(join(folder, KEPT), `${JSON.stringify({ address: base, run: run.id })}\n`);
  };
  /** Tells all that the server does not know of yet. */
  const tell = async () => {
    if (!run) await connect();
    while (untoldParameters.length > 0) {
      const params = untoldParameters.slice(0, MOST_PARAMETERS);
      await log({ params });
      untoldParameters.splice(0, params.length);
    }
    while (untold.length > 0) {
      const some = untold.slice(0, MOST_EPOCHS);
      await log({ metrics: some.flatMap((record) => stepMetrics(record.epoch, metricsOf(record))) });
      untold.splice(0, some.length);
    }
  };
  /** A server that is away is asked again later; one that refuses is not. */
  const tellOrWait = async () => {
    try {
      await tell();
    } catch (error) {
      if (error instanceof HarrierError && error.code === 'refused') throw error;
      askAgain = Date.now() + AWAY_MS;
    }
  };

  return {
    name,
    async begin(tracked) {
      begun = { tracked, at: Date.now() };
      await tellOrWait();
    },
    async epoch(record) {
      untold.push(record);
      if (Date.now() >= askAgain) await tellOrWait();
    },
    async end(result) {
      const isFinished = typeof result !== 'string';
      const status = isFinished ? 'FINISHED' : result === 'failed' ? 'FAILED' : 'KILLED';
      const end_time = Date.now();
      if (!run) await connect();
      // Whatever becomes of the figures and files: the run has ended.
      try {
        await tell();
        if (isFinished) await finish(result);
      } finally {
        await ask('POST', 'mlflow/runs/update', { run_id: run!.id, status, end_time });
      }
    },
  };

  async function finish(result: TrackedResult): Promise<void> {
    await log({ metrics: stepMetrics(result.epochs, resultMetricsOf(result)) });
    const place = /^mlflow-artifacts:\/+(.*)$/.exec(run!.artifacts)?.[1];
    if (place === undefined) return;
    const put = (file: string, content: Buffer) =>
      ask('PUT', `mlflow-artifacts/artifacts/${place}/${encodeURIComponent(file)}`, content);
    if (result.confusion) await put('confusion.png', Buffer.from(result.confusion.png));
    for (const file of result.files) await put(file.name, await readFile(file.path));
  }
}

/** Names of classes may stand in a key; MLflow takes few characters in one, and each key once. */
function plainKeys(parameters: Readonly<Record<string, string>>): { key: string; value: string }[] {
  const known = new Set<string>();
  return Object.entries(parameters).map(([name, value]) => {
    const plain = name.replace(/[^/\w.\- ]/g, '_');
    let key = plain;
    for (let i = 2; known.has(key); i++) key = `${plain}_${i}`;
    known.add(key);
    return { key, value: value.slice(0, LONGEST) };
  });
}

type Ask = (
  method: 'GET' | 'POST',
  path: string,
  body?: object,
) => Promise<Readonly<Record<string, unknown>> | undefined>;

async function experimentId(ask: Ask, name: string): Promise<string> {
  const path = `mlflow/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  const found = (await ask('GET', path)) as { experiment?: { experiment_id?: string } } | undefined;
  if (found?.experiment?.experiment_id) return found.experiment.experiment_id;
  const created = await ask('POST', 'mlflow/experiments/create', { name });
  return String(created?.experiment_id);
}

function runOf(answer: Readonly<Record<string, unknown>> | undefined) {
  const { info } = (answer?.run ?? {}) as { info?: { run_id?: string; artifact_uri?: string } };
  if (info?.run_id) return { id: info.run_id, artifacts: info.artifact_uri ?? '' };
  throw new HarrierError('refused', 'the server does not answer as MLflow does');
}

function withoutPassword(address: string): string {
  return publicAddress(address).replace(/\/+$/, '');
}

/** The token or password of the environment, else that of the address. */
function authorizationFor(address: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user } = environment;
  if (token) return { authorization: `Bearer ${token}` };
  const pair = user
    ? `${user}:${environment.MLFLOW_TRACKING_PASSWORD ?? ''}`
    : urlToHttpOptions(new URL(address)).auth;
  return pair ? { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } : {};
}
