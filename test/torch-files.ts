/** Files as `torch.save` writes them, byte by byte, for tests: what a real one holds and what a hostile one might. */
import { crc32 } from '../src/applications/torch/zip.ts';

/** Opcodes of pickle protocol 2, one after another. */
export class Pickle {
  readonly #parts: Uint8Array[] = [Uint8Array.of(0x80, 2)];

  bytes(...bytes: number[]): this {
    this.#parts.push(Uint8Array.from(bytes));
    return this;
  }
  text(text: string): this {
    const utf8 = new TextEncoder().encode(text);
    this.bytes(0x58, ...little(utf8.length, 4));
    this.#parts.push(utf8);
    return this;
  }
  int(value: number): this {
    if (value >= 0 && value < 256) return this.bytes(0x4b, value);
    if (Math.abs(value) < 2 ** 31) return this.bytes(0x4a, ...little(value >>> 0, 4));
    return this.bytes(0x8a, 8, ...little(value, 8));
  }
  /** GLOBAL: `torch._utils _rebuild_tensor_v2`. */
  name(name: string): this {
    const [module, member] = name.split(' ');
    this.bytes(0x63);
    this.#parts.push(new TextEncoder().encode(`${module}\n${member}\n`));
    return this;
  }
  /** A tuple of what `add` adds. */
  tuple(add: (pickle: this) => void): this {
    this.bytes(0x28);
    add(this);
    return this.bytes(0x74);
  }
  ints(values: readonly number[]): this {
    return this.tuple(() => {
      for (const value of values) this.int(value);
    });
  }
  orderedDict(): this {
    return this.name('collections OrderedDict').bytes(0x29, 0x52);
  }
  /** Sets items of the dictionary on top of the stack. */
  items(items: Readonly<Record<string, (pickle: this) => void>>): this {
    this.bytes(0x28);
    for (const [name, add] of Object.entries(items)) {
      this.text(name);
      add(this);
    }
    return this.bytes(0x75);
  }
  reduce(): this {
    return this.bytes(0x52);
  }
  stop(): Uint8Array {
    return joined(...this.#parts, Uint8Array.of(0x2e));
  }
}

/** A tensor as a pickle tells of it. */
export interface PickledTensor {
  readonly key: string;
  readonly type?: string;
  /** Numbers in its storage. */
  readonly length: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** @param old with the last item that only the older format has */
export function addTensor(pickle: Pickle, tensor: PickledTensor, old: boolean): void {
  const { key, type = 'FloatStorage', length, offset = 0, shape, strides } = tensor;
  pickle.name('torch._utils _rebuild_tensor_v2').tuple(() => {
    pickle
      .tuple(() => {
        pickle.text('storage').name(`torch ${type}`).text(key).text('cpu').int(length);
        if (old) pickle.bytes(0x4e);
      })
      .bytes(0x51);
    pickle.int(offset).ints(shape).ints(strides).bytes(0x89).orderedDict();
  });
  pickle.reduce();
}

/** An OrderedDict of tensors. */
export function pickledState(tensors: Readonly<Record<string, PickledTensor>>, old: boolean): Uint8Array {
  const items = Object.entries(tensors).map(
    ([name, tensor]) => [name, (pickle: Pickle) => addTensor(pickle, tensor, old)] as const,
  );
  return new Pickle().orderedDict().items(Object.fromEntries(items)).stop();
}

/** PyTorch's older format: pickles one after another, then the storages. */
export function oldFormat(
  state: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>>,
  lengths: Readonly<Record<string, number>>,
): Uint8Array {
  const magic = new Pickle()
    .bytes(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)
    .stop();
  const version = new Pickle().int(1001).stop();
  const machine = new Pickle()
    .bytes(0x7d)
    .items({ little_endian: (pickle) => pickle.bytes(0x88) })
    .stop();
  const names = new Pickle().bytes(0x5d, 0x28);
  for (const key of Object.keys(storages)) names.text(key);
  const contents = Object.entries(storages).flatMap(([key, content]) => [
    Uint8Array.from(little(lengths[key], 8)),
    content,
  ]);
  return joined(magic, version, machine, state, names.bytes(0x65).stop(), ...contents);
}

/** A ZIP archive whose files are stored as they are; `at` lies about where one begins. */
export function zipOf(
  files: Readonly<Record<string, Uint8Array>>,
  { at }: { readonly at?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const locals: Uint8Array[] = [];
  const places = new Map<string, number>();
  let offset = 0;
  const header = (name: string, content: Uint8Array) => [
    ...[0, 0, 0, 0],
    ...[0, 0, 0, 0],
    ...little(crc32(content), 4),
    ...little(content.length, 4),
    ...little(content.length, 4),
    ...little(name.length, 2),
    ...[0, 0],
  ];
  for (const [name, content] of Object.entries(files)) {
    places.set(name, offset);
    const local = joined(
      Uint8Array.from([...little(0x04034b50, 4), 20, 0, ...header(name, content)]),
      new TextEncoder().encode(name),
      content,
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Object.entries(files).map(([name, content]) =>
    joined(
      Uint8Array.from([
        ...little(0x02014b50, 4),
        20,
        0,
        20,
        0,
        ...header(name, content),
        ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ...little(places.get(at?.[name] ?? name)!, 4),
      ]),
      new TextEncoder().encode(name),
    ),
  );
  const listing = joined(...directory);
  const count = little(directory.length, 2);
  const end = [
    ...little(0x06054b50, 4),
    0,
    0,
    0,
    0,
    ...count,
    ...count,
    ...little(listing.length, 4),
    ...little(offset, 4),
    0,
    0,
  ];
  return joined(...locals, listing, Uint8Array.from(end));
}

/** PyTorch's ZIP format. */
export function zipFormat(state: Uint8Array, storages: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return zipOf({
    'weights/data.pkl': state,
    'weights/byteorder': new TextEncoder().encode('little'),
    ...Object.fromEntries(Object.entries(storages).map(([key, content]) => [`weights/data/${key}`, content])),
    'weights/version': new TextEncoder().encode('3\n'),
  });
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A whole number as bytes, least significant first. */
export function little(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
}
