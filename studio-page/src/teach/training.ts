import { computed, signal } from '@preact/signals';
import type { EpochRecord } from 'harrier';
import type { Progress } from 'harrier/src/data/progress.ts';
import { HarrierError } from 'harrier/src/errors.ts';
import { errorFromPlain } from 'harrier/src/plain-error.ts';
import { isTabLocked, tabLockFree } from 'harrier/src/platform/web/lock.ts';
import type { StepInfo } from 'harrier/src/training/step-info.ts';
import { newId } from '../new-id.ts';
import { checkClasses } from './check-classes.ts';
import { teachHead } from './features.ts';
import type { Way } from './lesson.ts';
import { type FromTeacher, type Job, type Outcome, TEACH_LOCK, type ToTeacher } from './messages.ts';
import { loadOptions } from './options.ts';
import { classes, type TaughtClass } from './project.ts';
import { readJson, removeFiles, writeJson } from './store.ts';
import { hearTabs, tellTabs } from './tabs.ts';
import { forgetModel, keepModel, keepTaught, loadTaught, taught, taughtNotKept } from './taught.ts';

/** How the user wants it. */
export interface TeachOptions {
  readonly way: Way;
  /** Undefined: what suits the number of images. */
  readonly epochs?: number;
  readonly mirrored: boolean;
}

/** A training, from its beginning to its end. */
export interface Training {
  /** `elsewhere`: another tab is at it. */
  readonly state: 'running' | 'pausing' | 'paused' | 'failed' | 'elsewhere';
  readonly job: Omit<Job, 'classes'>;
  /** What comes before the steps. */
  readonly progress?: Progress;
  readonly step?: StepInfo;
  readonly history: readonly EpochRecord[];
  readonly engine?: string;
  readonly notes: readonly string[];
  /** Whether where it stands cannot be kept: it cannot be paused. */
  readonly unkept?: boolean;
  readonly error?: unknown;
}

interface StoredJob {
  readonly job: Omit<Job, 'classes'>;
  readonly classes: readonly { readonly name: string; readonly images: readonly string[] }[];
  readonly history: readonly EpochRecord[];
}

const JOB = 'training.json';

/** The training under way, or stopped in the middle. */
export const training = signal<Training | undefined>(undefined);

/** Whether the images or classes have changed since the model was taught. */
export const stale = computed(
  () =>
    taught.value !== undefined && classes.value !== undefined && taught.value.of !== stateOf(classes.value),
);

let worker: Worker | undefined;
let stored: StoredJob | undefined;
/** Whether the training is this tab's: it began it, or went on with it. */
let isOwn = false;

/** Reads what was kept: options, a model that was taught before, a training that was cut short. After the project. */
export async function loadTraining(): Promise<void> {
  try {
    await loadOptions();
    await loadTaught();
    hearTabs('training', () => void look().catch(() => {}));
    await look();
  } catch {
    // Nothing is kept in this browser; the project says so.
  }
}

/** Shows the training that is kept: one that was cut short, or that another tab is at. */
async function look(): Promise<void> {
  const kept = await readJson<StoredJob>(JOB);
  const isTaken = await isTabLocked(TEACH_LOCK);
  // One of this tab is known here, whether or not there was room to keep it.
  if (isOwn) return;
  // So is why one failed, until another tab goes on with it.
  if (!isTaken && kept && training.peek()?.state === 'failed') return;
  stored = isTaken ? undefined : kept;
  // Its model is kept: only what it leaves was not removed before the page was closed.
  if (stored && stored.job.id === taught.peek()?.outcome.job) {
    await forgetJob();
    training.value = undefined;
    return;
  }
  training.value = kept && { ...kept, state: isTaken ? 'elsewhere' : 'paused', notes: [] };
  if (kept && isTaken) void tabLockFree(TEACH_LOCK).then(look, () => {});
}

/** Begins. @throws HarrierError `bad-data` for what cannot be learned from */
export function start(
  options: TeachOptions,
  model: Pick<Job, 'from' | 'backbone'>,
  backend: Job['backend'],
): void {
  const now = classes.peek() ?? [];
  checkClasses(now.map(({ name, images }) => ({ name, count: images.length })));
  const job = { id: newId(), ...options, ...model, isApart: true, seed: 1, backend };
  stored = {
    job,
    classes: now.map(({ name, images }) => ({ name, images: images.map(({ id }) => id) })),
    history: [],
  };
  run(false);
}

/** Goes on where it was paused or cut short. */
export function resume(): void {
  run(true);
}

/** Stops after the step under way and keeps where it stands. */
export function pause(): void {
  if (training.peek()?.state !== 'running') return;
  training.value = { ...training.peek()!, state: 'pausing' };
  worker?.postMessage({ type: 'pause' } satisfies ToTeacher);
}

/** Ends it for good. */
export function discard(): void {
  end();
  training.value = undefined;
  void forgetJob().then(look);
}

/** Ends a training, and forgets the model. */
export function forgetTaught(): void {
  discard();
  void forgetModel();
}

function run(resume: boolean): void {
  isOwn = true;
  const { job, classes: wanted, history } = stored!;
  const images = new Map(
    (classes.peek() ?? []).flatMap((each) => each.images.map((p) => [p.id, p] as const)),
  );
  const missing = wanted.flatMap((each) => each.images).filter((id) => !images.has(id)).length;
  training.value = { state: 'running', job, history: resume ? history : [], notes: [] };
  if (missing > 0) {
    fail(
      new Error(
        `${missing} of the images that this training began with are gone, so it cannot go on. Train again with those that are there.`,
      ),
    );
    return;
  }
  const whole = wanted.map(({ name, images: ids }) => ({
    name,
    images: ids.map((id) => images.get(id)!),
  }));
  if (job.way === 'features') {
    void teach({ ...job, classes: whole });
    return;
  }
  worker = new Worker(new URL('../workers/teach-worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<FromTeacher>) => hear(data));
  worker.addEventListener('error', (event) =>
    fail(
      new Error(
        `What trains has stopped: ${event.message || 'it could not be loaded'}. Go on from the last checkpoint.`,
      ),
    ),
  );
  worker.postMessage({ type: 'train', job: { ...job, classes: whole }, resume } satisfies ToTeacher);
}

/** Fits a head on features, which takes seconds: there is nothing to pause. */
async function teach(job: Job): Promise<void> {
  const isStillWanted = () => training.peek()?.job.id === job.id;
  try {
    const { outcome, model } = await teachHead(job.backbone!, job, (progress) => {
      const now = training.peek();
      if (now && isStillWanted()) training.value = { ...now, progress };
    });
    if (isStillWanted()) await finish(outcome, model);
  } catch (error) {
    if (isStillWanted()) fail(error);
  }
}

function hear(message: FromTeacher): void {
  const now = training.peek();
  if (!now) return;
  switch (message.type) {
    case 'progress':
      training.value = { ...now, progress: message.progress };
      break;
    case 'begun':
      // It has the lock: what is kept is its own now.
      void keepJob();
      break;
    case 'engine':
      training.value = { ...now, engine: message.engine };
      break;
    case 'unkept':
      training.value = { ...now, state: 'running', unkept: true };
      break;
    case 'step':
      training.value = { ...now, step: message.step };
      break;
    case 'note':
      training.value = { ...now, notes: [...now.notes, message.note] };
      break;
    case 'epoch': {
      // After a lost device some epochs come a second time.
      const history = [...now.history.slice(0, message.record.epoch - 1), message.record];
      training.value = { ...now, history };
      if (stored) stored = { ...stored, history };
      break;
    }
    case 'paused':
      end();
      training.value = { ...now, state: 'paused' };
      // From here on any tab may go on with it.
      isOwn = false;
      void keepJob();
      break;
    case 'failed':
      fail(errorFromPlain(message.error));
      break;
    case 'done':
      end();
      void finish(message.outcome, message.model);
      break;
  }
}

async function finish(outcome: Outcome, model: Uint8Array<ArrayBuffer>): Promise<void> {
  const own = stored!;
  const keeping = keepTaught({ outcome, model, of: stateOfJob(own) });
  training.value = undefined;
  await keeping;
  // Another may have begun meanwhile.
  if (stored !== own) return;
  await forgetJob();
  // The checkpoints may have taken its room.
  if (taughtNotKept.peek() !== undefined) await keepModel();
}

function fail(error: unknown): void {
  end();
  const now = training.peek();
  if (now) training.value = { ...now, state: 'failed', error };
  // From here on any tab may go on with it.
  isOwn = false;
  if (error instanceof HarrierError && error.code === 'in-use') void look().catch(() => {});
}

function end(): void {
  worker?.terminate();
  worker = undefined;
}

async function keepJob(): Promise<void> {
  if (stored) await writeJson(JOB, stored).catch(() => {});
  tellTabs('training');
}

async function forgetJob(): Promise<void> {
  const [own, wasOwn] = [stored, isOwn];
  stored = undefined;
  isOwn = false;
  try {
    // Another tab may have gone on with it.
    if (!wasOwn && (await isTabLocked(TEACH_LOCK))) return;
    // Another tab's stays.
    const kept = await readJson<StoredJob>(JOB);
    if (kept && kept.job.id !== own?.job.id) return;
    await removeFiles((name) => name === JOB || name.startsWith('checkpoint-'));
    tellTabs('training');
  } catch {
    // What could not be kept need not be removed.
  }
}

/** What a model is taught with, to be compared. */
function stateOf(all: readonly TaughtClass[]): string {
  return JSON.stringify(all.map(({ name, images }) => [name.trim(), images.map(({ id }) => id)]));
}

function stateOfJob({ classes: all }: StoredJob): string {
  return JSON.stringify(all.map(({ name, images }) => [name.trim(), images]));
}
