import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { random } from '../../src/data/random.ts';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import type { LogLevel } from '../../src/server/log.ts';
import { type ServeOptions, type ServerHandle, serveModel } from '../../src/server/serve.ts';

export const SIDE = 8;
export const CLASSES = ['cat', 'dog', 'ship'];

/** A real model file of a small network; another seed gives other answers. */
export function modelBytes({ seed = 1, side = SIDE, classes = CLASSES, units = 16 } = {}): Uint8Array {
  const network = new Network({
    name: 'small',
    inputShape: [side, side, 3],
    layers: [
      new Flatten(),
      new Dense({ units, activation: 'relu' }),
      new Dense({ units: classes.length, activation: 'softmax' }),
    ],
  });
  return encodeModel(
    exportModel(network, initialWeights(network.parameters, seed), {
      [CLASS_NAMES_KEY]: JSON.stringify(classes),
    }),
  );
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

/** Bright and dark dots, the same for the same number: a picture that is not like any other. */
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

export async function post(
  url: string,
  body: Uint8Array | string,
  headers: Record<string, string> = { 'content-type': 'image/png' },
): Promise<Response> {
  return fetch(url, { method: 'POST', body: body as Uint8Array<ArrayBuffer>, headers });
}
