import { HarrierError } from '../../errors.ts';
import { kindOf, type PickleHandlers, PickleMap, type PickleValue, readPickle, refusal } from './pickle.ts';
import { callTorch, isTorchName, storageOf, type TorchStorage, TorchTensor } from './tensors.ts';
import { isZip, readZip, unpack } from './zip.ts';

/** Tensors by name, as `torch.save(model.state_dict())` wrote them. */
export type StateDict = ReadonlyMap<string, TorchTensor>;

/** Names of tensors in a state dictionary by the names of Harrier's parameters. */
export type TorchNames = ReadonlyMap<string, string>;

/** PyTorch's older files begin with this number as a pickle of its own. */
const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
/** The only version of that format. */
const VERSION = 1001;
/** Where training scripts put the state dictionary among other things. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model'];
/** Before all names, where a model was saved as `DataParallel` wraps it. */
const PARALLEL = 'module.';

/** Whether bytes begin as a file of PyTorch's weights does, in either format; no ONNX model does. */
export function isStateDict(bytes: Uint8Array): boolean {
  return isZip(bytes) || MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads a file of `torch.save(model.state_dict(), file)`, in PyTorch's ZIP format (since 1.6) or the older one. No code
 * of the file is run: tensors, dictionaries, numbers and texts are read, everything else is refused. A tensor's numbers
 * are read when `TorchTensor.read` is called.
 *
 * @param where what to call the file in errors
 * @throws HarrierError `bad-checkpoint` for another file, a damaged one, or one that holds something else
 */
export function readStateDict(bytes: Uint8Array, where: string): StateDict {
  const value = isZip(bytes) ? readZipFormat(bytes, where) : readOldFormat(bytes, where);
  return tensorsOf(value, where);
}

/** An archive with `data.pkl`, and each storage in a file of its own. */
function readZipFormat(bytes: Uint8Array, where: string): PickleValue {
  const files = readZip(bytes, where);
  const pickles = [...files.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) throw noStateDict(where, 'a ZIP archive of something else');
  const [pickle] = pickles;
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = files.get(`${folder}byteorder`);
  if (order && String.fromCharCode(...unpack(order, where)) !== 'little') throw bigEndian(where);
  const storages = new Storages(where);
  const { value } = readPickle(unpack(files.get(pickle)!, where), 0, where, storages.handlers);
  for (const storage of storages.all) {
    const file = files.get(`${folder}data/${storage.key}`);
    if (file?.size !== storage.byteLength) throw wrongStorage(storage, file?.size, where);
    storage.content = unpack(file, where);
  }
  return value;
}

/** Pickles one after another: magic number, version, machine, value, names of storages; then each storage's numbers. */
function readOldFormat(bytes: Uint8Array, where: string): PickleValue {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw noStateDict(where, 'another kind of file');
  const storages = new Storages(where);
  let at = MAGIC.length;
  const next = (): PickleValue => {
    const { value, end } = readPickle(bytes, at, where, storages.handlers);
    at = end;
    return value;
  };
  const version = next();
  if (version !== VERSION) throw noStateDict(where, `version ${version}`);
  const machine = next();
  if (machine instanceof PickleMap && machine.entries.get('little_endian') === false) throw bigEndian(where);
  const value = next();
  const keys = next();
  if (!Array.isArray(keys))
    throw noStateDict(where, `${kindOf(keys)} in the place of the names of its storages`);
  const open = new Map(storages.all.map((storage) => [storage.key, storage]));
  for (const key of keys) {
    const storage = typeof key === 'string' ? open.get(key) : undefined;
    if (!storage) throw noStateDict(where, 'numbers that no tensor has');
    open.delete(storage.key);
    const length = at + 8 <= bytes.length ? Number(view(bytes).getBigUint64(at, true)) : 0;
    if (length !== storage.length || at + 8 + storage.byteLength > bytes.length) {
      throw wrongStorage(storage, Math.max(0, bytes.length - at - 8), where);
    }
    storage.content = bytes.subarray(at + 8, at + 8 + storage.byteLength);
    at += 8 + storage.byteLength;
  }
  const [missing] = open.values();
  if (missing) throw wrongStorage(missing, undefined, where);
  return value;
}

/** The storages that pickles of one file refer to. */
class Storages {
  readonly #byKey = new Map<string, TorchStorage>();
  readonly handlers: PickleHandlers;

  constructor(where: string) {
    this.handlers = {
      knows: isTorchName,
      call: (name, args) => callTorch(name, args, where),
      persistent: (reference) => {
        const storage = storageOf(reference, where);
        const before = this.#byKey.get(storage.key);
        if (before && (before.type !== storage.type || before.length !== storage.length)) {
          throw wrongStorage(storage, before.byteLength, where);
        }
        this.#byKey.set(storage.key, before ?? storage);
        return before ?? storage;
      },
    };
  }

  get all(): readonly TorchStorage[] {
    return [...this.#byKey.values()];
  }
}

/** The tensors of a dictionary, or of the one in it that training scripts put them into. */
function tensorsOf(value: PickleValue, where: string): StateDict {
  if (!(value instanceof PickleMap)) throw refusal('it is no state dictionary', where, kindOf(value));
  const own = namedTensors(value);
  const inner = WRAPPERS.map((name) => value.entries.get(name)).find((each) => each instanceof PickleMap);
  const found = own.length === 0 && inner instanceof PickleMap ? namedTensors(inner) : own;
  if (found.length === 0) throw refusal('it holds no tensors', where, 'a dictionary of other things');
  const isParallel = found.every(([name]) => name.startsWith(PARALLEL));
  return new Map(found.map(([name, tensor]) => [isParallel ? name.slice(PARALLEL.length) : name, tensor]));
}

function namedTensors({ entries }: PickleMap): [string, TorchTensor][] {
  return [...entries].flatMap(([name, value]): [string, TorchTensor][] =>
    typeof name === 'string' && value instanceof TorchTensor ? [[name, value]] : [],
  );
}

function noStateDict(where: string, received: string): HarrierError {
  return refusal("it is no file of PyTorch's weights", where, received);
}

function bigEndian(where: string): HarrierError {
  return new HarrierError('bad-checkpoint', 'its numbers are written most significant byte first', {
    where,
    next: 'Save it on a machine of today: x86 or ARM.',
  });
}

function wrongStorage(storage: TorchStorage, received: number | undefined, where: string): HarrierError {
  return new HarrierError('bad-checkpoint', `the numbers of storage "${storage.key}" are not there`, {
    where,
    expected: `${storage.byteLength} bytes`,
    received: received === undefined ? 'none' : `${received}`,
    next: 'The file is cut off or damaged: fetch or save it again.',
  });
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
