import { signal } from '@preact/signals';
import { announce } from '../announce.ts';
import { askBeforeLosing } from '../leaving.ts';
import type { Outcome } from './messages.ts';
import { readJson, removalsEnded, removeFiles, store, writeJson } from './store.ts';
import { hearTabs, tellTabs } from './tabs.ts';

/** A model that was taught here. */
export interface Taught {
  readonly outcome: Outcome;
  readonly model: Uint8Array<ArrayBuffer>;
  /** What it was taught with: its classes and their images. */
  readonly of: string;
}

const OUTCOME = 'outcome.json';
/** Each model has a file of its own, so that the outcome never stands beside another's. */
const modelFile = ({ job }: Outcome): string => `model-${encodeURIComponent(job)}.onnx`;
const isModel = (name: string): boolean => /^model.*\.onnx$/.test(name);
/** Where pages before kept the only one. */
const OLD_MODEL = 'model.onnx';

/** The model that was taught last. */
export const taught = signal<Taught | undefined>(undefined);
/** Why the browser does not keep it. */
export const taughtNotKept = signal<unknown>(undefined);
/** Models that are being written now. */
let keeping = 0;
askBeforeLosing(() => keeping > 0 || taughtNotKept.peek() !== undefined);
/** Whether what was kept has been read. */
export const taughtRead = signal(false);

let loading: Promise<void> | undefined;

/** Reads the model that was kept, once. Where the browser keeps nothing there is none. */
export function loadTaught(): Promise<void> {
  loading ??= read().then(() => hearTabs('model', () => void read()));
  return loading;
}

async function read(): Promise<void> {
  try {
    const known = await readJson<Omit<Taught, 'model'>>(OUTCOME);
    const storage = await store();
    const model =
      known && ((await storage.read(modelFile(known.outcome))) ?? (await storage.read(OLD_MODEL)));
    // The same one stays: views need not open it again.
    if (known?.outcome.job !== taught.peek()?.outcome.job || !model) {
      taught.value = known && model ? { ...known, model } : undefined;
    }
  } catch {
    // Nothing is kept in this browser; the project says so.
  } finally {
    taughtRead.value = true;
  }
}

/** Makes this the model, and keeps it as far as there is room. */
export async function keepTaught(it: Taught): Promise<void> {
  taught.value = it;
  announce('The model is trained.');
  await keepModel();
}

/** Keeps the model that was taught last, as far as there is room. */
export async function keepModel(): Promise<void> {
  keeping++;
  try {
    await removalsEnded();
    const now = taught.peek();
    if (!now) return;
    const { model, ...rest } = now;
    const file = modelFile(rest.outcome);
    await (await store()).write(file, model);
    await writeJson(OUTCOME, rest);
    taughtNotKept.value = undefined;
    tellTabs('model');
    await removeFiles((name) => isModel(name) && name !== file).catch(() => {});
  } catch (error) {
    // It can be downloaded all the same.
    taughtNotKept.value = error;
  } finally {
    keeping--;
  }
}

/** Forgets it. */
export async function forgetModel(): Promise<void> {
  taught.value = undefined;
  taughtNotKept.value = undefined;
  try {
    await removeFiles((name) => name === OUTCOME || isModel(name));
    tellTabs('model');
  } catch {
    // What could not be kept need not be removed.
  }
}
