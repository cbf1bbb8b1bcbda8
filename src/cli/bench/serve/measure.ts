import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { measure, seedModel } from '../../../benchmark/index.ts';
import { Caller } from '../../../calls.ts';
import { Conv2D, Dense, Flatten } from '../../../layers/index.ts';
import { Classifier, exportModel, initialWeights, Network } from '../../../models/index.ts';
import { encodeModel, type Model } from '../../../onnx/index.ts';
import { nodeRuntime } from '../../../platform/node/engine/runtime.ts';
import { temporaryFolder } from '../../../platform/node/files/temporary-folder.ts';
import { decodeImage } from '../../../platform/node/images/decode.ts';
import { startWorker, threadChannel } from '../../../platform/node/worker.ts';
import { threadsAlone } from '../../../server/server-options.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import type { LoadCalls } from './load-worker.ts';
import { hasFastApi, type RunningServer, startFastApi, startHarrier } from './servers.ts';

/** Connections that send one request after another. */
export const CONNECTIONS = [1, 8, 64] as const;

/** One server under its loads, by number of connections. */
export type Served = Readonly<Record<(typeof CONNECTIONS)[number], LoadResult>>;

/** What `harrier bench --serve --json` prints. Rates are a second, times in milliseconds. */
export interface ServeBenchResult {
  readonly runtime: string;
  readonly cores: number;
  /** One image through the model, decoded already, with the threads that a request has while nothing else runs. */
  readonly bareInferenceMs: number;
  /** One image file to pixels, in this process. */
  readonly decodeMs: number;
  /** What a request on an idle server takes beyond bare inference: HTTP, decoding, two changes of thread. */
  readonly overheadMs: number;
  readonly batching: Served;
  readonly noBatching: Served;
  readonly memory: Memory;
  /** Requests come in whether or not there are answers. */
  readonly overload: {
    readonly kerasCnn: OverloadResult;
    readonly kerasCnnTwice: OverloadResult;
    readonly slow: OverloadResult;
  };
  readonly peers: Readonly<Record<string, Served>>;
  readonly peersMissing: Readonly<Record<string, string>>;
}

/** What the sender of an overload saw, and who asked beside it. */
export interface OverloadResult extends LoadResult {
  /** How many times the rate that 64 connections reached was to be sent. */
  readonly times64: number;
  /**
   * A client of its own that asks now and then. Unlike the sender's, its times hold nothing of how long the sender takes
   * to read its many answers.
   */
  readonly client: LoadResult;
}

/** What the server's process holds, before and after many requests. */
export interface Memory {
  readonly beforeBytes: number;
  readonly afterBytes: number;
  /** Requests answered in between. */
  readonly requests: number;
}

export interface ServeBenchOptions {
  readonly peers: boolean;
  /** How long each load lasts. */
  readonly seconds: number;
  readonly onStart: (what: string) => void;
}

/** Requests of one round of the measurement of memory; fewer where they take more time than so many loads. */
const MANY = 25_000;
const MOST_LOADS = 6;
/**
 * Allocators keep what their busiest moment took, so one round can grow by chance; what is kept of each request grows
 * in every round. The measurement ends with the first round of so many that does not grow by more than this.
 */
const MOST_ROUNDS = 12;
const GROWTH = 1.01;
const OVERLOAD = 10;
/** Connections of the overload: as many as requests may be under way. */
const OVERLOAD_CONNECTIONS = 512;
/** Requests a second of the client beside it, and its connections: as many as may wait for an answer at a time. */
const CLIENT = { rate: 200, connections: 128 };

/** Measures `harrier serve` with the model of keras-cnn, and FastAPI beside it where that is installed. */
export async function runServeBench(options: ServeBenchOptions): Promise<ServeBenchResult> {
  const { seconds, onStart } = options;
  const folder = temporaryFolder('bench');
  try {
    const [kerasCnn, slow] = [join(folder, 'keras-cnn.onnx'), join(folder, 'slow.onnx')];
    await writeFile(kerasCnn, encodeModel(seedModel()));
    await writeFile(slow, encodeModel(slowModel()));
    const file = await photograph();
    const request = requestOf(file);

    onStart('bare inference and decoding');
    const bare = await bareTimes(file);
    const underLoads = async (server: RunningServer, title: string): Promise<Served> => {
      onStart(`${title}, warming up`);
      await loadFrom({ port: server.port, request, connections: 64, seconds });
      const results: Partial<Record<number, LoadResult>> = {};
      for (const connections of CONNECTIONS) {
        onStart(`${title}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`);
        results[connections] = await loadFrom({ port: server.port, request, connections, seconds });
      }
      return results as Served;
    };
    const overloaded = async (
      { port }: RunningServer,
      title: string,
      times64 = OVERLOAD,
    ): Promise<OverloadResult> => {
      onStart(`${title} at ${times64} times its capacity`);
      const { answeredPerSecond } = await loadFrom({ port, request, connections: 64, seconds });
      const rate = times64 * answeredPerSecond;
      const [sender, client] = await Promise.all([
        loadFrom({ port, request, connections: OVERLOAD_CONNECTIONS, seconds, rate }),
        loadFrom({ port, request, seconds, ...CLIENT }),
      ]);
      return { ...sender, times64, client };
    };
    const afterMany = async ({ port }: RunningServer, perSecond: number): Promise<Memory> => {
      const enough = Math.min(MOST_LOADS * seconds, Math.ceil(MANY / perSecond));
      for (let round = 1; ; round++) {
        onStart(`harrier serve, memory, round ${round} of at most ${MOST_ROUNDS}`);
        const beforeBytes = await residentMemory(port);
        const { answeredPerSecond } = await loadFrom({ port, request, connections: 64, seconds: enough });
        const afterBytes = await residentMemory(port);
        if (afterBytes <= GROWTH * beforeBytes || round === MOST_ROUNDS) {
          return { beforeBytes, afterBytes, requests: Math.round(answeredPerSecond * enough) };
        }
      }
    };
    const [batching, kerasCnnOverload, kerasCnnTwice, memory] = await during(
      startHarrier(kerasCnn, []),
      async (server) => {
        const served = await underLoads(server, 'harrier serve');
        const overload = await overloaded(server, 'harrier serve');
        const twice = await overloaded(server, 'harrier serve', 2);
        // After the overload: what that took at most is there already.
        return [served, overload, twice, await afterMany(server, served[64].answeredPerSecond)] as const;
      },
    );
    const noBatching = await during(startHarrier(kerasCnn, ['--max-batch', '1']), (server) =>
      underLoads(server, 'harrier serve --max-batch 1'),
    );
    const slowOverload = await during(startHarrier(slow, []), (server) =>
      overloaded(server, 'harrier serve, a slow model,'),
    );
    const { peers, missing } = options.peers
      ? await servePeers(kerasCnn, underLoads)
      : { peers: {}, missing: {} };
    return {
      runtime: nodeRuntime().name,
      cores: availableParallelism(),
      ...bare,
      overheadMs: batching[1].times[200].p50Ms - bare.bareInferenceMs,
      batching,
      noBatching,
      memory,
      overload: { kerasCnn: kerasCnnOverload, kerasCnnTwice, slow: slowOverload },
      peers,
      peersMissing: missing,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The peer in both ways of sharing the cores out. */
async function servePeers(
  modelFile: string,
  underLoads: (server: RunningServer, title: string) => Promise<Served>,
): Promise<{ peers: Record<string, Served>; missing: Record<string, string> }> {
  const peers: Record<string, Served> = {};
  const missing: Record<string, string> = {};
  if (!hasFastApi()) return { peers, missing: { fastapi: 'not installed: see bench/peers/README.md' } };
  const cores = availableParallelism();
  const ways = [
    { processes: 1, threads: cores },
    { processes: cores, threads: 1 },
  ].slice(0, cores > 1 ? 2 : 1);
  for (const { processes, threads } of ways) {
    const name = `fastapi, processes × threads ${processes} × ${threads}`;
    try {
      peers[name] = await during(startFastApi(modelFile, { processes, threads }), (server) =>
        underLoads(server, name),
      );
    } catch (error) {
      missing[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { peers, missing };
}

async function during<T>(
  starting: Promise<RunningServer>,
  work: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const server = await starting;
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Bytes of memory that a server says its process holds. */
async function residentMemory(port: number): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\d+)$/m.exec(metrics)?.[1]);
}

/** Runs a load on a thread of its own. */
async function loadFrom(order: LoadOrder): Promise<LoadResult> {
  const worker = startWorker('./load-worker', import.meta.url);
  const calls = new Caller<LoadCalls>(threadChannel(worker));
  worker.on('error', (error) => calls.fail(error));
  try {
    return await calls.call('load', [order]);
  } finally {
    await worker.terminate();
  }
}

async function bareTimes(file: Uint8Array): Promise<{ bareInferenceMs: number; decodeMs: number }> {
  const clock = () => performance.now();
  const classifier = await Classifier.load(
    nodeRuntime({ threads: threadsAlone(availableParallelism()) }),
    seedModel(),
  );
  try {
    const pixels = await decodeImage(file, classifier.imageShape);
    const options = { clock, warmUp: 50, runs: 500 };
    return {
      bareInferenceMs: (await measure(() => classifier.predict(pixels), options)).median,
      decodeMs: (await measure(() => decodeImage(file, classifier.imageShape), options)).median,
    };
  } finally {
    await classifier.dispose();
  }
}

/** A model so slow that ten times its capacity is still a rate at which a generator can send. */
function slowModel(): Model {
  const layers = Array.from(
    { length: 12 },
    () => new Conv2D({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }),
  );
  const network = new Network({
    name: 'slow',
    inputShape: [32, 32, 3],
    layers: [...layers, new Flatten(), new Dense({ units: 10, activation: 'softmax' })],
  });
  return exportModel(network, initialWeights(network.parameters, 1));
}

/** A PNG of 32 × 32 pixels that compresses as a photograph does. */
function photograph(): Promise<Buffer> {
  const side = 32;
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    return 128 + 60 * Math.sin(x / 5 + (i % 3)) + 50 * Math.cos(y / 7) + ((i * 7919) % 17);
  });
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
}

function requestOf(file: Uint8Array): Uint8Array {
  const head = `POST /invocations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: image/png\r\ncontent-length: ${file.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), file]);
}
