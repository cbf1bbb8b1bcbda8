import { HarrierError } from '../../errors.ts';
import { utf8Decode } from '../../utf8.ts';

/**
 * What a pickle may hold here. A `PickleName` stands for a class or function that the pickle names; it is never looked
 * up, only compared with the few names that this file and `state-dict.ts` know.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | readonly PickleValue[]
  | PickleMap
  | PickleName
  | PickleOpaque;

/** A dictionary, ordered or not. */
export class PickleMap {
  readonly entries = new Map<PickleValue, PickleValue>();
}

/** `module name` as the pickle gives it. */
export class PickleName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What the reader's own handlers made: a tensor, a storage. */
export abstract class PickleOpaque {
  /** For errors: `a tensor`. */
  abstract readonly kind: string;
}

/** What a pickle may call, and what its references to other data mean. */
export interface PickleHandlers {
  /** Makes a value of arguments, by the name that is called. Returns undefined where it does not know the name. */
  call(name: string, args: readonly PickleValue[]): PickleValue | undefined;
  /** Whether a name may stand in the pickle without being called: the type of a storage. */
  knows(name: string): boolean;
  /** A reference to data outside the pickle. */
  persistent(reference: PickleValue): PickleValue;
}

const ORDERED_DICT = 'collections OrderedDict';
/** A pickle of a state dictionary has some twenty values for each tensor. */
const MOST_VALUES = 5_000_000;

/** Marks the beginning of a run of values on the stack. */
const MARK = Symbol('mark');

/**
 * Reads one pickle of protocol 2, as data: no class is found, no function of the pickle is called. What is not a
 * dictionary, list, tuple, number, text, truth value, `None`, or something that a handler makes is refused.
 *
 * @returns the value, and where the pickle ends in `bytes`
 * @throws HarrierError `bad-checkpoint`
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  where: string,
  handlers: PickleHandlers,
): { readonly value: PickleValue; readonly end: number } {
  return new PickleReader(bytes, start, where, handlers).read();
}

/** An error about what a file of weights holds. */
export function refusal(summary: string, where: string, received?: string): HarrierError {
  return new HarrierError('bad-checkpoint', summary, {
    where,
    ...(received !== undefined && {
      expected: 'a state dictionary: tensors and dictionaries, numbers and texts',
      received,
    }),
    next: 'Save it in PyTorch with torch.save(model.state_dict(), file).',
  });
}

class PickleReader {
  readonly #stack: (PickleValue | typeof MARK)[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  readonly #handlers: PickleHandlers;
  #at: number;
  #values = 0;

  constructor(bytes: Uint8Array, start: number, where: string, handlers: PickleHandlers) {
    this.#bytes = bytes;
    this.#where = where;
    this.#handlers = handlers;
    this.#at = start;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): { value: PickleValue; end: number } {
    for (;;) {
      if (++this.#values > MOST_VALUES) throw this.#damaged('it is longer than any state dictionary');
      const opcode = this.#byte();
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#at };
      const run = OPCODES[opcode];
      if (!run) {
        throw refusal(
          'it holds something else than tensors, which is not loaded',
          this.#where,
          `pickle opcode 0x${opcode.toString(16).padStart(2, '0')}`,
        );
      }
      run(this);
    }
  }

  protocol(): void {
    const version = this.#byte();
    if (version !== 2) throw refusal('its pickle has another protocol', this.#where, `protocol ${version}`);
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  mark(): void {
    this.#stack.push(MARK);
  }

  /** The next `size` bytes as a whole number, least significant byte first. */
  whole(size: 1 | 2 | 4): number {
    return [...this.#take(size)].reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
  }

  signed(): number {
    this.#take(4);
    return this.#view.getInt32(this.#at - 4, true);
  }

  double(): number {
    this.#take(8);
    return this.#view.getFloat64(this.#at - 8, false);
  }

  /** LONG1: at most 64 bits here, and no more than a number holds exactly. */
  long(): number {
    const size = this.#byte();
    const digits = this.#take(size);
    if (size > 8) throw this.#damaged('it holds a number of more than 64 bits');
    const value = digits.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    const number = Number(size > 0 && digits[size - 1] > 127 ? value - (1n << BigInt(8 * size)) : value);
    if (!Number.isSafeInteger(number)) throw this.#damaged(`it holds a number that is too large: ${number}`);
    return number;
  }

  text(): string {
    const bytes = this.#take(this.whole(4));
    try {
      return utf8Decode(bytes);
    } catch {
      throw this.#damaged('it holds a text that is not UTF-8');
    }
  }

  name(): void {
    const name = `${this.#line()} ${this.#line()}`;
    if (name !== ORDERED_DICT && !this.#handlers.knows(name)) throw this.#refuseName(name);
    this.push(new PickleName(name));
  }

  reduce(): void {
    const args = this.#pop();
    const callee = this.#pop();
    if (!(callee instanceof PickleName) || !Array.isArray(args)) {
      throw refusal('it calls something, which is not done', this.#where, kindOf(callee));
    }
    if (callee.name === ORDERED_DICT) {
      if (args.length > 0) throw this.#damaged('it begins a dictionary in an unknown way');
      this.push(new PickleMap());
      return;
    }
    const made = this.#handlers.call(callee.name, args);
    if (made === undefined) throw this.#refuseName(callee.name);
    this.push(made);
  }

  /** Attributes of an object: an OrderedDict of PyTorch carries versions of modules, which say nothing here. */
  build(): void {
    this.#pop();
    const object = this.#top();
    if (!(object instanceof PickleMap)) {
      throw refusal('it gives attributes to an object, which is not done', this.#where, kindOf(object));
    }
  }

  persistent(): void {
    this.push(this.#handlers.persistent(this.#pop()));
  }

  tuple(size?: number): void {
    this.push(size === undefined ? this.#sinceMark() : this.#popMany(size));
  }

  setItem(): void {
    this.#set(this.#popMany(2));
  }

  setItems(): void {
    this.#set(this.#sinceMark());
  }

  append(values: 'one' | 'many'): void {
    const added = values === 'one' ? [this.#pop()] : this.#sinceMark();
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#damaged('it appends to something that is no list');
    for (const each of added) list.push(each);
  }

  put(place: number): void {
    this.#memo.set(place, this.#top());
  }

  get(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw this.#damaged('it refers to a value that it does not hold');
    this.push(value);
  }

  #set(pairs: readonly PickleValue[]): void {
    const map = this.#top();
    if (!(map instanceof PickleMap) || pairs.length % 2 !== 0) {
      throw this.#damaged('it sets items of something that is no dictionary');
    }
    for (let i = 0; i < pairs.length; i += 2) map.entries.set(pairs[i], pairs[i + 1]);
  }

  #sinceMark(): PickleValue[] {
    const start = this.#stack.lastIndexOf(MARK);
    if (start < 0) throw this.#damaged('its values are in disorder');
    const values = this.#stack.splice(start);
    return values.slice(1) as PickleValue[];
  }

  #popMany(count: number): PickleValue[] {
    const values = Array.from({ length: count }, () => this.#pop());
    return values.reverse();
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#damaged('its values are in disorder');
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#damaged('its values are in disorder');
    return value;
  }

  #byte(): number {
    return this.#take(1)[0];
  }

  #take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw this.#damaged('it is cut off');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Up to the next line end. */
  #line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + 300).indexOf(0x0a);
    if (end < 0) throw this.#damaged('it holds a name without an end');
    const characters = this.#take(end + 1).subarray(0, end);
    return String.fromCharCode(...characters);
  }

  #refuseName(name: string): HarrierError {
    return refusal(
      'it holds something else than tensors, which is not loaded',
      this.#where,
      name.replace(' ', '.'),
    );
  }

  #damaged(problem: string): HarrierError {
    return new HarrierError('bad-checkpoint', problem, {
      where: this.#where,
      next: 'The file is damaged or was not written by torch.save: fetch or save it again.',
    });
  }
}

/** How a value is called in errors. */
export function kindOf(value: PickleValue): string {
  if (value instanceof PickleName) return value.name.replace(' ', '.');
  if (value instanceof PickleMap) return 'a dictionary';
  if (value instanceof PickleOpaque) return value.kind;
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'None';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

/** The opcodes of protocol 2 that a state dictionary is written with (Python, `Lib/pickletools.py`). */
const OPCODES: Readonly<Record<number, (reader: PickleReader) => void>> = {
  128: (reader) => reader.protocol(),
  40: (reader) => reader.mark(),
  78: (reader) => reader.push(null),
  136: (reader) => reader.push(true),
  137: (reader) => reader.push(false),
  75: (reader) => reader.push(reader.whole(1)),
  77: (reader) => reader.push(reader.whole(2)),
  74: (reader) => reader.push(reader.signed()),
  138: (reader) => reader.push(reader.long()),
  71: (reader) => reader.push(reader.double()),
  88: (reader) => reader.push(reader.text()),
  125: (reader) => reader.push(new PickleMap()),
  93: (reader) => reader.push([]),
  41: (reader) => reader.push([]),
  116: (reader) => reader.tuple(),
  133: (reader) => reader.tuple(1),
  134: (reader) => reader.tuple(2),
  135: (reader) => reader.tuple(3),
  115: (reader) => reader.setItem(),
  117: (reader) => reader.setItems(),
  97: (reader) => reader.append('one'),
  101: (reader) => reader.append('many'),
  113: (reader) => reader.put(reader.whole(1)),
  114: (reader) => reader.put(reader.whole(4)),
  104: (reader) => reader.get(reader.whole(1)),
  106: (reader) => reader.get(reader.whole(4)),
  99: (reader) => reader.name(),
  82: (reader) => reader.reduce(),
  98: (reader) => reader.build(),
  81: (reader) => reader.persistent(),
};
