import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { random } from '../../src/data/random.ts';
import { Conv2D, Dense, Flatten, type Layer } from '../../src/layers/index.ts';
import {
  CLASS_NAMES_KEY,
  exportModel,
  initialWeights,
  Network,
  type Rejection,
} from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import type { LogLevel } from '../../src/server/log.ts';
import { type ServeOptions, type ServerHandle, serveModel } from '../../src/server/serve.ts';

export const SIDE = 8;
export const CLASSES = ['cat', 'dog', 'ship'];

/** A real model file of a small network; another seed gives other answers. */
export function modelBytes({
  seed = 1,
  side = SIDE,
  classes = CLASSES,
  before = [] as Layer[],
  metadata = {} as Readonly<Record<string, string>>,
  rejection = undefined as Rejection | undefined,
  thresholds = undefined as readonly number[] | undefined,
} = {}): Uint8Array {
  const network = new Network({
    name: 'small',
    inputShape: [side, side, 3],
    layers: [
      ...before,
      new Flatten(),
      new Dense({ units: 16, activation: 'relu' }),
      new Dense({ units: classes.length, activation: 'softmax' }),
    ],
  });
  return encodeModel(
    exportModel(
      network,
      initialWeights(network.parameters, seed),
      { [CLASS_NAMES_KEY]: JSON.stringify(classes), ...metadata },
      { rejection, thresholds },
    ),
  );
}

/** A model like another that no runtime runs: of the same inputs and outputs, but there is no such op. */
export function unrunnable(model: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(model).toString('latin1').replaceAll('Softmax', 'Softmix'), 'latin1');
}

/** One that takes its time: hundreds of millions of multiplications an image. */
export function slowModelBytes(): Uint8Array {
  const layer = () => new Conv2D({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' });
  return modelBytes({ side: 64, before: [layer(), layer(), layer()] });
}

/** Puts a file in place at once, as `harrier train` does. */
export async function putFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

export interface Serving {
  readonly server: ServerHandle;
  readonly folder: string;
  readonly modelFile: string;
  readonly logged: { level: LogLevel; event: string; fields: Record<string, unknown> }[];
  end(): Promise<void>;
}

/** A server of that model on a free port of this machine, in this process. */
export async function serving(options: Partial<ServeOptions> = {}, bytes = modelBytes()): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-server-'));
  const modelFile = join(folder, 'model.onnx');
  await writeFile(modelFile, bytes);
  const logged: Serving['logged'] = [];
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const server = await serveModel({
      modelFile,
      port: 0,
      workers: 1,
      // A busy machine is no reason to give up; tests of deadlines have their own.
      deadlineMs: 110_000,
      graceMs: 200,
      log: (level, event, fields = {}) => logged.push({ level, event, fields: { ...fields } }),
      ...options,
    });
    return {
      server,
      folder,
      modelFile,
      logged,
      async end() {
        await server.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Bright and dark dots, the same for the same number: an image that is not like any other. */
export function noise(number: number, side = SIDE): Uint8Array<ArrayBuffer> {
  const stream = random(number, 'server-pictures');
  return Uint8Array.from({ length: side * side * 3 }, () => (40 * stream.integer(2) * (1 + number)) % 256);
}

export function encode(
  pixels: Uint8Array,
  format: 'png' | 'jpeg' | 'webp' = 'png',
  side = SIDE,
): Promise<Buffer> {
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .toFormat(format, format === 'webp' ? { lossless: true } : {})
    .toBuffer();
}

/** POSTs over a connection of its own choosing. */
export async function post(
  url: string,
  body: Uint8Array | string,
  headers: Record<string, string> = { 'content-type': 'image/png' },
): Promise<Response> {
  return fetch(url, { method: 'POST', body: body as Uint8Array<ArrayBuffer>, headers });
}

/** The value of a metric, by its name with labels; 0 where it has none yet. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/**
 * Posts until more than `least` images wait in the server's queue, however fast it answers.
 *
 * @param send posts once; default: without any options
 * @returns all answers, those to come too
 */
export async function queue<Answer = Response>(
  url: string,
  body: Uint8Array,
  least = 0,
  send: () => Promise<Answer> = () => post(`${url}/invocations`, body) as Promise<Answer>,
): Promise<Promise<Answer>[]> {
  const answers: Promise<Answer>[] = [];
  await until(async () => {
    if ((await metric(url, 'harrier_queue_images')) > least) return true;
    answers.push(...Array.from({ length: 8 }, send));
    return false;
  }, 'a queue');
  return answers;
}

/** Asks again and again until the answer is yes. */
export async function until(is: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 30_000; !(await is()); ) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface Exchange {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request by Node's own client, whose connections a test can choose. Rejects when the connection breaks. */
export function exchange(
  url: string,
  { agent, method = 'POST', headers = {}, body }: RequestOptions & { body?: Uint8Array | string },
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: Buffer.concat(chunks).toString() });
        });
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
