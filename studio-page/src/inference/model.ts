import { signal } from '@preact/signals';
import type { Result } from 'harrier/src/calls.ts';
import type { Progress } from 'harrier/src/data/progress.ts';
import type { ModelInfo } from 'harrier/src/studio-server/api.ts';
import { useEffect } from 'preact/hooks';
import { apiUrl, getJson } from '../api.ts';
import { type Loaded, useLoad } from '../load.ts';
import { place, setQuery } from '../router.ts';
import { loadTaught, taught, taughtRead } from '../teach/taught.ts';
import type { ActionName, Actions, ModelSource, OpenedModel, WantedBackend } from './protocol.ts';
import { ModelWorker } from './worker-client.ts';

/** One for all views: what one has opened, another need not open again. */
const worker = new ModelWorker();

interface State {
  readonly key: string;
  readonly progress?: Progress;
  readonly model?: OpenedModel;
  readonly error?: unknown;
}

const state = signal<State | undefined>(undefined);

/** In the address, a file of the user's own; it is gone when the page is loaded anew. */
const OWN = 'file';
/** In the address, the model that was taught in this page. */
export const TAUGHT = 'taught';
const ownFile = signal<{ readonly file: File; readonly count: number } | undefined>(undefined);

/** The model of a view, as the address names it; without a name the first there is. */
export interface ChosenModel {
  readonly models: Loaded<readonly ModelInfo[]>;
  /** What is chosen: of a model of the user's own, no more than its name. */
  readonly id?: string;
  /** Another model, or another engine, has another. */
  readonly key?: string;
  /** The same on every engine. */
  readonly weights?: string;
  readonly facts?: ModelInfo;
  readonly fileName?: string;
  /** There is a model that was taught in this page. */
  readonly isTaught: boolean;
  /** It is not known yet whether there is. */
  readonly isWaiting: boolean;
  /** Why it is not the model that the address names. */
  readonly note?: string;
  readonly backend: WantedBackend;
  readonly opened?: OpenedModel;
  readonly progress?: Progress;
  readonly error?: unknown;
  readonly again: () => void;
}

export function useModel(): ChosenModel {
  const models = useLoad('models', (abort) => getJson<readonly ModelInfo[]>('models', { signal: abort }));
  const { query } = place.value;
  const backend = backendOf(query.backend);
  useEffect(() => void loadTaught(), []);
  const own = query.model === OWN ? ownFile.value : undefined;
  const isTaught = taught.value !== undefined;
  const isAlone = query.model === undefined && models.value?.length === 0;
  const here = query.model === TAUGHT || isAlone ? taught.value : undefined;
  const isWaiting = (query.model === TAUGHT || isAlone) && !taughtRead.value;
  const listed = models.value?.find(({ id }) => id === query.model);
  const facts = own || here || isWaiting ? undefined : (listed ?? models.value?.[0]);
  const id = own ? OWN : here ? TAUGHT : facts?.id;
  // A run that was trained again has another model of the same size.
  const version = own?.count ?? here?.outcome.job ?? (facts && `${facts.bytes}-${facts.accuracy}`);
  const key = id === undefined ? undefined : `${id} ${version} ${backend}`;
  const open = () => {
    if (key === undefined) return;
    if (here) void openModel(key, { file: new File([here.model], 'model.onnx') }, 'model.onnx', backend);
    else if (own) void openModel(key, { file: own.file }, own.file.name, backend);
    else void openModel(key, { url: apiUrl(`models/${facts!.id}/model.onnx`) }, facts!.name, backend);
  };
  // The key holds all that a model is opened by.
  useEffect(() => {
    if (key !== undefined && state.peek()?.key !== key) open();
  }, [key]);
  const current = state.value?.key === key ? state.value : undefined;
  return {
    models,
    ...(id !== undefined && { id }),
    ...(key !== undefined && { key, weights: `${id} ${version}` }),
    ...(facts && { facts }),
    ...(own && { fileName: own.file.name }),
    isTaught,
    isWaiting,
    ...(query.model !== undefined &&
      facts &&
      facts !== listed && { note: goneText(query.model, facts.name) }),
    backend,
    ...(current?.model && { opened: current.model }),
    ...(current?.progress && { progress: current.progress }),
    ...(current?.error !== undefined && { error: current.error }),
    again: open,
  };
}

/** Why another model is shown than the address says. */
function goneText(model: string, shown: string): string {
  const next = `This is ${shown}.`;
  if (model === OWN) return `A page forgets the model file that was open when it is loaded anew. ${next}`;
  if (model === TAUGHT) return `There is no model that was taught in this browser. ${next}`;
  return `There is no model “${model}” any more. ${next}`;
}

/** Chooses a model file of the user's own. */
export function chooseFile(file: File): void {
  ownFile.value = { file, count: (ownFile.peek()?.count ?? 0) + 1 };
  setQuery({ model: OWN, class: undefined, layer: undefined });
}

export function chooseModel(id: string): void {
  setQuery({ model: id, class: undefined, layer: undefined });
}

export function chooseBackend(backend: string): void {
  setQuery({ backend: backend === 'auto' ? undefined : backend });
}

/** Whether the model of this key is the one that answers. */
export const isOpen = (key: string): boolean => state.peek()?.key === key;

/** Asks the open model. A graphics device that went away is replaced by the processor. */
export async function askModel<N extends ActionName>(
  name: N,
  ...args: Parameters<Actions[N]>
): Promise<Result<Actions[N]>> {
  try {
    return await worker.call(name, ...args);
  } catch (error) {
    if ((error as { code?: string }).code === 'device-lost') chooseBackend('wasm');
    throw error;
  }
}

async function openModel(key: string, source: ModelSource, name: string, backend: WantedBackend) {
  const put = (next: Omit<State, 'key'>) => {
    // Another model may have been chosen meanwhile.
    if (state.peek()?.key === key) state.value = { key, ...next };
  };
  state.value = { key };
  try {
    put({ model: await worker.call('open', source, name, backend, (progress) => put({ progress })) });
  } catch (error) {
    put({ error });
  }
}

function backendOf(text: string | undefined): WantedBackend {
  return text === 'wasm' || text === 'webgpu' ? text : 'auto';
}
