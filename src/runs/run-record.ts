import type { ImageShape } from '../data/dataset.ts';
import { checkMarks, type UsedMarks } from '../data/kept-marks.ts';
import type { TestTimeAugmentation } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import type { DataFacts } from '../evaluation/index.ts';
import { jsonObject } from '../json-text.ts';
import type { CrossentropyOptions } from '../losses/index.ts';
import type { NetworkConfig, TunedPart } from '../models/index.ts';
import type { OptimizerConfig } from '../optimizers/index.ts';
import type { RecipeOptions } from '../recipes/index.ts';
import type { BatchOptions } from '../training/index.ts';
import { checkRecord } from './check-record.ts';
import type { Device } from './device.ts';
import type { Hardware } from './hardware.ts';

/** The model that a run is fine-tuned from, as `run.json` names it. */
export interface FineTunedFrom {
  /** For people: a path from where the run began, or the name of the model that comes with Harrier. */
  readonly name: string;
  /** Its file: an absolute path. Absent for the model that comes with Harrier, wherever that lies. */
  readonly path?: string;
  /** SHA-256 of the file, hex. */
  readonly hash: string;
  /** What is trained: a new last layer alone, or the layers before it too. */
  readonly trainable: TunedPart;
}

/** Every option of a run, after defaults. What is absent was not set and has no default. */
export interface RunOptions extends BatchOptions {
  readonly recipe: string;
  /** The user's own file that the recipe came from: an absolute path. */
  readonly recipeFile?: string;
  /** Options that the recipe built its network with, after defaults. */
  readonly recipeOptions?: RecipeOptions;
  /** What is fine-tuned, where the network is not a recipe's. */
  readonly from?: FineTunedFrom;
  /** As it was given: `cifar10` or a path. */
  readonly data: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Training images used, where not all. */
  readonly limit?: number;
  readonly threads: number;
  /** What computed; absent is the processor. */
  readonly device?: Device;
  readonly optimizer: OptimizerConfig;
  readonly loss: CrossentropyOptions;
  readonly validationSplit: number;
  readonly earlyStopping?: number;
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad: boolean;
  /** `none`: the data as it lies, without the marks that its owner made; absent: with them. */
  readonly marks?: 'none';
  /** Views of each image that the finished model averages; absent is `none`. */
  readonly testTimeAugmentation?: TestTimeAugmentation;
  /** Whether a temperature is fitted on the validation images; absent is true. */
  readonly calibrate?: boolean;
}

/** The data that a run was made with. */
export interface RunData {
  /** Where the data lies, if it is a folder: an absolute path. */
  readonly path?: string;
  readonly train: DataFacts;
  readonly validation?: DataFacts;
  readonly test: DataFacts;
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  /** Labels that its owner changed and images that were left out; the run goes on with them, whatever comes later. */
  readonly marks?: UsedMarks;
}

/** What came of a run. */
export interface RunResult {
  readonly ended: 'finished' | 'early';
  readonly finished: string;
  /** Wall time of all epochs, in seconds. */
  readonly seconds: number;
  readonly epochs: number;
  /** The epoch whose weights the model has; without validation it is the last. */
  readonly bestEpoch?: number;
  /** Running training accuracy of the epoch whose weights the model has. */
  readonly trainingAccuracy: number;
  readonly testAccuracy: number;
}

/** `run.json`: everything that is needed to do the run again, or to go on with it. */
export interface RunRecord {
  readonly format: number;
  /** Identity of the run, which its checkpoints name. Absent where an older version began it. */
  readonly id?: string;
  readonly command: string;
  readonly created: string;
  readonly options: RunOptions;
  readonly data: RunData;
  readonly network: NetworkConfig;
  readonly versions: Readonly<Record<string, string>>;
  readonly hardware: Hardware;
  /** Absent until the run has finished. */
  readonly result?: RunResult;
}

/** Raised when an older version would misread a record. */
export const RUN_FORMAT = 1;

/**
 * Reads a `run.json`.
 * @throws HarrierError `bad-checkpoint` when it is damaged or from a newer version, or a field cannot be used
 */
export function readRecord(text: string, where: string): RunRecord {
  const record = jsonObject(text) as unknown as RunRecord | undefined;
  if (!record) {
    throw new HarrierError('bad-checkpoint', 'the record of this run cannot be read', {
      where,
      expected: 'a JSON object',
      next: 'Restore the file, or start a new run.',
    });
  }
  if (record.format > RUN_FORMAT) {
    throw new HarrierError('bad-checkpoint', 'this run was made by a newer version of Harrier', {
      where,
      expected: `format ${RUN_FORMAT} or older`,
      received: `format ${record.format}`,
      next: 'Update Harrier.',
    });
  }
  if (record.format >= 1) {
    checkRecord(record, where);
    if (record.data.marks) checkMarks(record.data.marks.images, where);
    return record;
  }
  throw new HarrierError('bad-checkpoint', 'this is no record of a run', {
    where,
    expected: `a record of format ${RUN_FORMAT}`,
    next: 'Restore the file, or start a new run.',
  });
}
