import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { HARRIER_VERSION } from '../platform/node/version.ts';
import { isLoopback } from '../server/addresses.ts';
import { listen } from '../server/listen.ts';
import { checkToken } from '../server/token.ts';
import { createStudioApp } from './app.ts';
import { BackboneLibrary } from './backbone.ts';
import { DatasetLibrary, datasetSources } from './datasets/dataset-library.ts';
import { Inspector } from './datasets/inspector.ts';
import { madeDatasets, NewDatasets } from './datasets/new/new-datasets.ts';
import { EventHub } from './events.ts';
import type { LabelSession } from './labelling/session.ts';
import { ModelLibrary } from './models.ts';
import { PageFiles } from './page.ts';
import type { ReadWords } from './training/request.ts';
import { RunLibrary } from './training/run-library.ts';
import { RunTimer } from './training/timer.ts';
import { Trainer } from './training/trainer.ts';

export interface StudioOptions {
  /** Where runs lie; made when the first is started. */
  readonly runsFolder: string;
  /** What may be looked at: `cifar10`, or paths. */
  readonly data: readonly string[];
  /** Where data sets that are made in the page go to, and where those of before are; made where it is not there. */
  readonly dataFolder?: string;
  /** The built page. */
  readonly pageFolder: string;
  /** The script that is started as `node PROGRAM train …` and `node PROGRAM inspect …`. */
  readonly program: string;
  readonly readWords: ReadWords;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any that is free. Default 3000. */
  readonly port?: number;
  /** What who comes must know. Default: nothing where Studio `isPrivate`, else one that is made up. */
  readonly token?: string;
  /** Other names by which a browser may come. */
  readonly allowedHosts?: readonly string[];
  /** The folder that is labelled here; closed with the server. */
  readonly labelling?: LabelSession;
  readonly log?: (error: unknown) => void;
}

export interface StudioHandle {
  /** To open in a browser, with the token where one is wanted. */
  readonly url: string;
  readonly port: number;
  /** How many runs that were started here are under way. */
  readonly running: number;
  /** Has runs save and end, then the server; safe to call twice. */
  close(): Promise<void>;
}

/** A page holds one connection for events, and up to six for the rest. */
const MOST_CONNECTIONS = 512;
const HOUR_MS = 3_600_000;
/** For one image of 64 MiB, sent beside three others over a slow network. */
const REQUEST_MS = 600_000;
/** For runs to save and end, which may be evaluating 10,000 images. */
const RUNS_MS = 60_000;
const DRAIN_MS = 2_000;

/** Whether only this machine comes: neither its address nor a name that is allowed, as a proxy's, is of others. */
export function isPrivate({
  host = '127.0.0.1',
  allowedHosts = [],
}: Pick<StudioOptions, 'host' | 'allowedHosts'>): boolean {
  return [host, ...allowedHosts].every(isLoopback);
}

/**
 * Serves Studio: the page and what it asks for.
 * @throws HarrierError `in-use` when the port is taken, `not-found` when the page has not been built
 */
export async function startStudio(options: StudioOptions): Promise<StudioHandle> {
  const { host = '127.0.0.1', log = () => {} } = options;
  if (options.token !== undefined) checkToken(options.token);
  const page = await PageFiles.open(options.pageFolder);
  const token = options.token ?? (isPrivate(options) ? undefined : randomBytes(16).toString('hex'));
  const ending = new AbortController();
  let runs: RunLibrary | undefined;
  const hub = new EventHub((pages) => runs?.watch(pages > 0));
  const made = options.dataFolder === undefined ? [] : await madeDatasets(options.dataFolder);
  const datasets = new DatasetLibrary(datasetSources([...options.data, ...made]), hub, ending.signal);
  const newDatasets = new NewDatasets(options.dataFolder, (path) => datasets.add(path));
  runs = new RunLibrary(resolve(options.runsFolder), hub, (data, path) => datasets.idOf(data, path));
  options.labelling?.listen((change) => hub.send('labelling', change));
  const trainer = new Trainer(runs, options.program);
  const timer = new RunTimer(options.program);
  const inspector = new Inspector(datasets, hub, options.program);
  const app = createStudioApp({
    version: HARRIER_VERSION,
    guard: { host, token, allowedHosts: options.allowedHosts },
    page,
    datasets,
    newDatasets,
    inspector,
    runs,
    trainer,
    timer,
    models: new ModelLibrary(runs),
    backbones: new BackboneLibrary(),
    labelling: options.labelling,
    hub,
    readWords: options.readWords,
    server: randomUUID(),
    log,
  });
  const listener = await listen(app, {
    host,
    port: options.port ?? 3000,
    maxConnections: MOST_CONNECTIONS,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: REQUEST_MS,
    // Asking for data that must be fetched first may take long; events say every few seconds that they are alive.
    idleTimeoutMs: HOUR_MS,
  });
  let closing: Promise<void> | undefined;
  return {
    url: token === undefined ? listener.url : `${listener.url}/?token=${token}`,
    port: listener.port,
    get running() {
      return trainer.running;
    },
    close() {
      closing ??= (async () => {
        ending.abort(new Error('Studio is ending'));
        timer.close();
        await Promise.all([
          trainer.close(RUNS_MS),
          inspector.close(),
          newDatasets.close(),
          options.labelling?.close(),
        ]);
        runs?.watch(false);
        hub.close();
        await listener.close(0, DRAIN_MS);
      })();
      return closing;
    },
  };
}
