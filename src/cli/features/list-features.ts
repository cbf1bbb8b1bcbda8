import { Backbone, DEFAULT_BACKBONE } from '../../backbones/index.ts';
import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { foreignOptions } from '../../platform/node/runs/new-run.ts';
import { startingModel } from '../../platform/node/runs/starting-model.ts';
import { fetchingFor, noteModel } from '../fetching.ts';
import { watchInterruption } from '../interruption.ts';
import { predictArguments } from '../predict/arguments.ts';
import { imageNames } from '../predict/names.ts';
import { ReadingThreads } from '../predict/reading-threads.ts';
import { type RemoteFlags, remoteOptions } from '../predict/remote.ts';
import { predictToFile } from '../predict/to-file.ts';
import { Reporter } from '../reporter.ts';
import type { FeaturesCommandOptions } from './features-of.ts';

/** Options of `features` for images without labels. */
export interface ListFeaturesOptions extends FeaturesCommandOptions, RemoteFlags {
  /** A file with one image a line. */
  readonly list?: string;
}

/** Digits of the hash of a network in its lines. */
const MODEL_DIGITS = 12;
/** Digits that tell any two float32 apart. */
const DIGITS = 9;

/** What tells features from others: the network, and how images come to its size where that was asked for. */
function keyOf(backbone: Backbone, { resize }: ListFeaturesOptions): string {
  const key = backbone.key(nativeSha256);
  return resize === undefined
    ? key
    : nativeSha256()
        .update(Buffer.from(`${key} ${resize}`))
        .digest();
}

/** Options that say which images of a data set are meant, and of which classes. */
const OF_LABELS = ['multiLabel', 'columns', 'labelBy', 'merge', 'classes', 'source', 'marks'] as const;

/**
 * `harrier features` with lines of JSON: features of any images, each written as soon as it is known. A file that exists is
 * continued.
 *
 * @param data a folder of images, an image, or an address; with a list, it may be left out
 */
export async function listFeatures(data: string | undefined, options: ListFeaturesOptions): Promise<void> {
  const { from, list, shard, out, force, skipBad, threads } = options;
  const reporter = new Reporter({ machine: options.json });
  if (options.json) {
    throw new HarrierError('bad-option', '--out FILE.jsonl writes lines of JSON, and prints no object', {
      where: '--json',
      next: 'Leave it out.',
    });
  }
  const words = data === undefined ? [] : [data];
  const ignored = OF_LABELS.find((name) => options[name] !== undefined);
  if (ignored !== undefined) {
    throw new HarrierError('bad-option', 'lines of JSON are of images without labels', {
      where: flagOf(ignored),
      next: 'Leave it out, or write .csv, .npy or .safetensors.',
    });
  }
  // No word is the model here.
  const { files } = await predictArguments(words, { ...options, model: '' }, true);
  const named = from === true || from === undefined ? DEFAULT_BACKBONE : from;
  const model = await startingModel(named, foreignOptions(options), fetchingFor(reporter));
  noteModel(model, reporter);
  const backbone = await Backbone.load(nodeRuntime({ threads }), model);
  const { imageShape: shape, size } = backbone;
  const readers = new ReadingThreads({ shape, remote: remoteOptions(words, options) }, threads);
  const interruption = watchInterruption(() => reporter.note('Stopping: saving first.'));
  interruption.signal.addEventListener('abort', () => readers.close());
  try {
    await predictToFile(
      {
        model: keyOf(backbone, options).slice(0, MODEL_DIGITS),
        names: () => imageNames({ files, list, shard }, options),
        out,
        force,
        skipBad,
        read: (name) => readers.read(name),
        async answersTo(pixels) {
          const rows = await backbone.features(pixels);
          return Array.from({ length: rows.length / size }, (_, i) => ({
            features: Array.from(rows.subarray(i * size, (i + 1) * size), (value) =>
              Number(value.toPrecision(DIGITS)),
            ),
          }));
        },
        atOnce: 1,
        words: { doing: 'computing features', results: 'features' },
      },
      reporter,
      interruption,
    );
  } finally {
    interruption.end();
    await readers.close();
    await backbone.dispose();
  }
}
