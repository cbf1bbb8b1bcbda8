import { mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError, nearestName } from '../../errors.ts';
import { type JsonObject, jsonObject } from '../../json-text.ts';
import { type KeptCorrections, readCorrections } from '../../platform/node/datasets/label-corrections.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { MODEL_CHANNEL, modelIn } from './model-channel.ts';
import type { ContainerPaths } from './paths.ts';

/** Channels by the names that `fit` calls give them, and the parts of the data that they are. */
const CHANNELS: Readonly<Record<string, 'train' | 'validation' | 'test'>> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  test: 'test',
  testing: 'test',
};

/** What SageMaker tells a training container about its job. */
export interface TrainingJob {
  /** As they were sent, all of them strings; what is SageMaker's own is left out. */
  readonly hyperparameters: Readonly<Record<string, string>>;
  /** Whether a tuning job sent it. */
  readonly isOneOfMany: boolean;
  /** The folder to open as data. */
  readonly data: string;
  /** Label corrections that came with the channels, as they are named below `data`; absent where that is one channel. */
  readonly corrections?: KeptCorrections;
  /** The file of a pretrained model to begin with, where there is a channel for one. */
  readonly model?: string;
  /** The parts that have a channel. */
  readonly parts: readonly ('train' | 'validation' | 'test')[];
}

/**
 * Reads the job from `input/`.
 *
 * @throws HarrierError `bad-data` for a missing or unknown channel, `not-supported` for Pipe mode, RecordIO or more
 *   than one instance, `storage` when a file cannot be read
 */
export async function readTrainingJob(paths: ContainerPaths): Promise<TrainingJob> {
  await checkHosts(paths);
  const sent = await readConfig(paths.config('hyperparameters'));
  const channels = await readChannels(paths);
  const parts = new Map<string, string>();
  const modelChannel = channels.find((channel) => channel.toLowerCase() === MODEL_CHANNEL);
  for (const channel of channels) {
    if (channel === modelChannel) continue;
    const part = Object.hasOwn(CHANNELS, channel.toLowerCase()) ? CHANNELS[channel.toLowerCase()] : undefined;
    if (!part) throw unknownChannel(channel);
    if (parts.has(part)) {
      throw new HarrierError(
        'bad-data',
        `the channels "${parts.get(part)}" and "${channel}" are for the same part of the data`,
        {
          where: paths.data,
          next: 'Send one of them.',
        },
      );
    }
    parts.set(part, channel);
  }
  const train = parts.get('train');
  if (train === undefined) throw noTraining(paths, channels);
  const found = await readdir(join(paths.data, train)).catch((error) => {
    throw readError(error, join(paths.data, train), 'folder');
  });
  if (found.length === 0) {
    throw new HarrierError('bad-data', `the channel "${train}" is empty`, {
      where: join(paths.data, train),
      next: 'Check the S3 address of the channel: it must end where the class folders begin.',
    });
  }
  // Files of CIFAR-10's format and channels beside the training channel are opened from above; a lone channel of
  // images may itself hold train and test folders.
  const isAlone = parts.size === 1 && !found.some((name) => name.endsWith('.bin'));
  return {
    hyperparameters: ownOnly(sent),
    isOneOfMany: Object.keys(sent).some((name) => name.startsWith('_tuning')),
    ...(isAlone
      ? { data: join(paths.data, train) }
      : {
          data: await dataFolder(paths, [...parts.values()], modelChannel),
          corrections: await correctionsIn(paths, [...parts.values()]),
        }),
    ...(modelChannel && { model: await modelIn(join(paths.data, modelChannel)) }),
    parts: [...parts.keys()] as TrainingJob['parts'],
  };
}

/** The folder of the channels; where one of them holds no images, a folder of links to the others. */
async function dataFolder(
  paths: ContainerPaths,
  channels: readonly string[],
  modelChannel: string | undefined,
): Promise<string> {
  if (modelChannel === undefined) return paths.data;
  await rm(paths.dataLinks, { recursive: true, force: true });
  await mkdir(paths.dataLinks, { recursive: true });
  for (const channel of channels) {
    await symlink(join(paths.data, channel), join(paths.dataLinks, channel), 'junction');
  }
  return paths.dataLinks;
}

/** Records have the same names in a channel and beside others: `train #17`. */
const RECORD = /^\w+ #\d+$/;

/** The label corrections of all channels. Each channel was a data set of its own: its images are called by its folder now. */
async function correctionsIn(paths: ContainerPaths, channels: readonly string[]): Promise<KeptCorrections> {
  const all: [string, KeptCorrections[string]][] = [];
  for (const channel of channels) {
    for (const [name, kept] of Object.entries(await readCorrections(join(paths.data, channel)))) {
      all.push([RECORD.test(name) ? name : `${channel}/${name}`, kept]);
    }
  }
  return Object.fromEntries(all);
}

async function checkHosts(paths: ContainerPaths): Promise<void> {
  const { hosts } = await readConfig(paths.config('resourceconfig'));
  if (!Array.isArray(hosts) || hosts.length <= 1) return;
  throw new HarrierError('not-supported', 'Harrier trains on one instance', {
    where: 'resourceconfig.json',
    expected: '1 host',
    received: `${hosts.length}: ${hosts.join(', ')}`,
    next: 'Set InstanceCount to 1, or try several settings at once with a tuning job.',
  });
}

/** Names of the channels, in the order in which they were sent. */
async function readChannels(paths: ContainerPaths): Promise<string[]> {
  const config = await readConfig(paths.config('inputdataconfig'));
  for (const [name, channel] of Object.entries(config)) {
    const { TrainingInputMode: mode, RecordWrapperType: wrapper } = (channel ?? {}) as Record<
      string,
      unknown
    >;
    if (mode === 'Pipe') {
      throw new HarrierError('not-supported', `the channel "${name}" uses Pipe mode`, {
        expected: 'TrainingInputMode File or FastFile',
        received: 'Pipe',
        next: 'Start the job again with TrainingInputMode File.',
      });
    }
    if (wrapper === 'RecordIO') {
      throw new HarrierError('not-supported', `the channel "${name}" is wrapped in RecordIO`, {
        expected: 'RecordWrapperType None',
        received: 'RecordIO',
      });
    }
  }
  const sent = Object.keys(config);
  if (sent.length > 0) return sent;
  const folders = await readdir(paths.data, { withFileTypes: true }).catch(() => []);
  return folders.filter((entry) => !entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
}

/** A file of `input/config` as an object; empty when there is none. */
async function readConfig(path: string): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw readError(error, path, 'file');
  }
  const value = jsonObject(text || '{}');
  if (value) return value;
  throw new HarrierError('bad-data', 'this file is not a JSON object', { where: path });
}

function ownOnly(all: Readonly<Record<string, unknown>>): Record<string, string> {
  const own = Object.entries(all).filter(([name]) => !name.startsWith('_') && !name.startsWith('sagemaker_'));
  return Object.fromEntries(own.map(([name, value]) => [name, plainText(value)]));
}

/** The Python SDK sends every value as JSON: `"quick"` with its quotation marks. */
function plainText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (!/^".*"$/s.test(value)) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

function unknownChannel(channel: string): HarrierError {
  const near = nearestName(channel, ['train', 'validation', 'test', MODEL_CHANNEL]);
  return new HarrierError('bad-data', `Harrier has no channel "${channel}"`, {
    expected: 'train, validation, test, or model for a pretrained model',
    next: near ? `Did you mean "${near}"?` : 'Leave it out.',
  });
}

function noTraining(paths: ContainerPaths, channels: readonly string[]): HarrierError {
  return new HarrierError('bad-data', 'there is no training channel', {
    where: paths.data,
    expected: 'a channel "train" with one folder of images per class, or files of CIFAR-10',
    received: channels.length > 0 ? channels.join(', ') : 'no channels',
    next: 'Add one to the job: InputDataConfig with ChannelName train.',
  });
}
