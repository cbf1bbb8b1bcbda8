import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Recipe } from '../../recipes/index.ts';

/** What a peer measured on this machine, each figure from its fastest way of running. */
export interface PeerFigures {
  readonly version: string;
  /** Training step of the seed's network with SGD, in milliseconds. */
  readonly seedStepMs?: number;
  readonly seedStepAdamMs?: number;
  /** By shape. */
  readonly convGflops?: Readonly<Record<string, number>>;
  readonly imagesPerSecond?: { readonly batch1?: number; readonly batch64?: number };
}

export interface Peers {
  readonly figures: Readonly<Record<string, PeerFigures>>;
  /** Peers that could not be measured, and why or what to do. */
  readonly missing: Readonly<Record<string, string>>;
}

interface Peer {
  readonly name: string;
  readonly title: string;
  readonly command: (folder: string) => readonly [string, ...string[]] | undefined;
}

const python = (name: string, title: string): Peer => ({
  name,
  title,
  command: (folder) => {
    const interpreter = join(folder, '.venv', 'bin', 'python');
    return existsSync(interpreter) ? [interpreter, 'bench.py'] : undefined;
  },
});

export const PEERS: readonly Peer[] = [
  python('pytorch', 'PyTorch'),
  python('keras', 'Keras'),
  {
    name: 'tensorflowjs',
    title: 'TensorFlow.js',
    command: (folder) =>
      existsSync(join(folder, 'node_modules')) ? [process.execPath, 'bench.js'] : undefined,
  },
];

/** Where the peers' scripts lie in a checkout; the published package has none. */
export const PEERS_FOLDER = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));

/** Runs every installed peer, one after another, each in its own process. */
export async function runPeers(threads: number, onStart: (title: string) => void): Promise<Peers> {
  const figures: Record<string, PeerFigures> = {};
  const missing: Record<string, string> = {};
  for (const { name, title, command } of PEERS) {
    const folder = join(PEERS_FOLDER, name);
    const line = command(folder);
    if (!line) {
      missing[name] = 'not installed: see bench/peers/README.md';
      continue;
    }
    onStart(title);
    try {
      figures[name] = figuresOf(await run(line, folder, threads));
    } catch (error) {
      missing[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { figures, missing };
}

/** What a peer measured of a recipe's network. */
export interface RecipePeerFigures {
  /** With its version. */
  readonly title: string;
  /** A whole training step on the recipe's batch, in its fastest way of running. */
  readonly stepMs: number;
}

export interface RecipePeers {
  readonly figures: Readonly<Record<string, RecipePeerFigures>>;
  readonly missing: Readonly<Record<string, string>>;
}

/** Recipes of which PyTorch has an equal network: those of record's. */
const WITH_PEER = ['record', 'standard', 'quick', 'wide'];

/** Runs an equal network in PyTorch, where that is installed and has one. */
export async function runRecipePeers(
  { name, batchSize, microBatch = batchSize, options = {} }: Recipe,
  threads: number,
  onStart: (title: string) => void,
): Promise<RecipePeers> {
  const { name: peer, title, command } = PEERS[0];
  const folder = join(PEERS_FOLDER, peer);
  const line = command(folder);
  const refused = (why: string): RecipePeers => ({ figures: {}, missing: { [peer]: why } });
  if (!WITH_PEER.includes(name)) return refused(`has no network equal to ${name}'s`);
  if (!line) return refused('not installed: see bench/peers/README.md');
  onStart(title);
  const sizes = ['--width', options.width, '--growth', options.growth];
  const parts = ['--batch', batchSize, '--micro-batch', microBatch];
  try {
    const printed = await run([line[0], 'record.py', ...[...sizes, ...parts].map(String)], folder, threads);
    const { version, stepMs } = printed as unknown as { version: string; stepMs: number };
    return { figures: { [peer]: { title: `${title} ${version.split(/[ +]/)[0]}`, stepMs } }, missing: {} };
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

/** A step of fine-tuning in PyTorch, or why there is none. */
export interface TransferPeer {
  /** With its version. */
  readonly title: string;
  readonly stepMs?: number;
  readonly missing?: string;
}

/** Fine-tunes a network of the catalogue in PyTorch, where that and timm are installed. */
export async function transferPeer(
  network: string,
  threads: number,
  onStart: (title: string) => void,
): Promise<TransferPeer> {
  const { name: peer, title, command } = PEERS[0];
  const folder = join(PEERS_FOLDER, peer);
  const line = command(folder);
  if (!line) return { title, missing: 'is not installed: see bench/peers/README.md' };
  onStart(title);
  try {
    const printed = await run([line[0], 'transfer.py', '--network', network], folder, threads);
    const { version, stepMs } = printed as unknown as { version: string; stepMs: number };
    return { title: `${title} ${version.split(/[ +]/)[0]}`, stepMs };
  } catch (error) {
    return { title, missing: error instanceof Error ? error.message : String(error) };
  }
}

async function run([program, ...args]: readonly [string, ...string[]], folder: string, threads: number) {
  const child = spawn(program, [...args, '--threads', `${threads}`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (code !== 0) throw new Error(complaint.trim().split('\n').at(-1) || `it ended with code ${code}`);
  return JSON.parse(output) as Printed;
}

/** What the peers' scripts print (bench/peers/README.md). */
interface Printed {
  readonly version: string;
  readonly fastest?: {
    readonly seedStepMs?: { readonly sgd?: number; readonly adam?: number };
    readonly convGflops?: Readonly<Record<string, number>>;
    readonly imagesPerSecond?: { readonly batch1?: number; readonly batch64?: number };
  };
}

function figuresOf({ version, fastest = {} }: Printed): PeerFigures {
  return {
    version,
    seedStepMs: fastest.seedStepMs?.sgd,
    seedStepAdamMs: fastest.seedStepMs?.adam,
    convGflops: fastest.convGflops,
    imagesPerSecond: fastest.imagesPerSecond,
  };
}
