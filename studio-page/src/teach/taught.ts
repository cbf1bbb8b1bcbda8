import { signal } from '@preact/signals';
import type { Outcome } from './messages.ts';
import { readJson, store, writeJson } from './store.ts';
import { hearTabs, tellTabs } from './tabs.ts';

/** A model that was taught here. */
export interface Taught {
  readonly outcome: Outcome;
  readonly model: Uint8Array<ArrayBuffer>;
  /** What it was taught with: its classes and their images. */
  readonly of: string;
}

const OUTCOME = 'outcome.json';
const MODEL = 'model.onnx';

/** The model that was taught last. */
export const taught = signal<Taught | undefined>(undefined);
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
    const model = known && (await (await store()).read(MODEL));
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
export async function keepTaught({ model, ...rest }: Taught): Promise<void> {
  taught.value = { model, ...rest };
  try {
    await (await store()).write(MODEL, model);
    await writeJson(OUTCOME, rest);
    tellTabs('model');
  } catch {
    // It can be downloaded all the same; that nothing is kept is said where the images are.
  }
}

/** Forgets it. */
export async function forgetModel(): Promise<void> {
  taught.value = undefined;
  try {
    const storage = await store();
    await storage.remove(OUTCOME);
    await storage.remove(MODEL);
    tellTabs('model');
  } catch {
    // What could not be kept need not be removed.
  }
}
