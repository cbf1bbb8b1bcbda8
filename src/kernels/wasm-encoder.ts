/**
 * Writes the WebAssembly binary format (https://webassembly.github.io/spec/core/binary/), as much of it as a loop
 * over memory needs: a module that imports `env.memory` and exports one function, `run`.
 */

export type WasmType = 'i32' | 'f32' | 'f64' | 'v128';

const TYPE_CODES: Readonly<Record<WasmType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Instructions of one byte, without immediates. */
export const OPCODES = { i32Add: 0x6a, i32And: 0x71, i32ShiftRight: 0x76, f64Add: 0xa0 } as const;

/** Vector instructions, all behind the prefix 0xfd. */
export const VECTOR_OPCODES = {
  load: 0x00,
  load32Splat: 0x09,
  store: 0x0b,
  load32Zero: 0x5c,
  load64Zero: 0x5d,
  store32Lane: 0x5a,
  i32x4Splat: 0x11,
  i8x16NarrowUnsigned: 0x66,
  i16x8NarrowSigned: 0x85,
  i16x8ExtendLowUnsigned: 0x89,
  i16x8ExtendHighUnsigned: 0x8a,
  i32x4ExtendLowUnsigned: 0xa9,
  i32x4ExtendHighUnsigned: 0xaa,
  i32x4ShiftRight: 0xac,
  i32x4Add: 0xae,
  i32x4Multiply: 0xb5,
} as const;

/** Vector instructions on floating-point numbers: apart, for programs that only scale images carry the others. */
export const FLOAT_OPCODES = {
  constant: 0x0c,
  f64x2ExtractLane: 0x21,
  f32x4Splat: 0x13,
  f32x4Absolute: 0xe0,
  f32x4Negate: 0xe1,
  f32x4SquareRoot: 0xe3,
  f32x4Add: 0xe4,
  f32x4Subtract: 0xe5,
  f32x4Multiply: 0xe6,
  f32x4Divide: 0xe7,
  f32x4Minimum: 0xe8,
  f32x4Maximum: 0xe9,
  f64x2PromoteLow: 0x5f,
  f64x2Add: 0xf0,
  f64x2Multiply: 0xf2,
} as const;

/** The body of a function under construction. */
export class FunctionBody {
  readonly parameters: readonly WasmType[];
  readonly result: WasmType | undefined;
  readonly #locals: WasmType[] = [];
  readonly #code: number[] = [];

  constructor(parameters: readonly WasmType[], result?: WasmType) {
    this.parameters = parameters;
    this.result = result;
  }

  /** A new local variable, zero at first. */
  local(type: WasmType): number {
    return this.parameters.length + this.#locals.push(type) - 1;
  }

  get(local: number): void {
    this.#code.push(0x20, ...unsigned(local));
  }

  set(local: number): void {
    this.#code.push(0x21, ...unsigned(local));
  }

  /** Sets, and leaves the value on the stack. */
  tee(local: number): void {
    this.#code.push(0x22, ...unsigned(local));
  }

  op(name: keyof typeof OPCODES): void {
    this.#code.push(OPCODES[name]);
  }

  i32(value: number): void {
    this.#code.push(0x41, ...signed(value));
  }

  vector(name: keyof typeof VECTOR_OPCODES): void {
    this.float(VECTOR_OPCODES[name]);
  }

  /** A vector instruction by its number, as `FLOAT_OPCODES` has it. */
  float(code: number, ...immediates: readonly number[]): void {
    this.#code.push(0xfd, ...unsigned(code), ...immediates);
  }

  /** A load or store at the address on the stack plus an offset in bytes. Alignment of 4 is promised, no more. */
  memory(
    name: 'load' | 'store' | 'load32Splat' | 'load32Zero' | 'load64Zero' | 'store32Lane',
    offset = 0,
  ): void {
    this.vector(name);
    this.#code.push(2, ...unsigned(offset));
    if (name === 'store32Lane') this.#code.push(0);
  }

  /** An i32 from the address on the stack plus an offset in bytes. */
  loadI32(offset = 0): void {
    this.#code.push(0x28, 2, ...unsigned(offset));
  }

  /** Runs `body` as many times as the counter says, and leaves the counter 0. */
  repeat(counter: number, body: () => void): void {
    this.#code.push(0x02, 0x40); // block
    this.get(counter);
    this.#code.push(0x45, 0x0d, 0); // i32.eqz, br_if out of the block
    this.#code.push(0x03, 0x40); // loop
    body();
    this.get(counter);
    this.i32(-1);
    this.op('i32Add');
    this.tee(counter);
    this.#code.push(0x0d, 0); // br_if to the loop's head
    this.#code.push(0x0b, 0x0b);
  }

  /** Adds one i32 local to another. */
  advanceBy(local: number, by: number): void {
    this.get(local);
    this.get(by);
    this.op('i32Add');
    this.set(local);
  }

  /** Adds to an i32 local. */
  advance(local: number, by: number): void {
    this.get(local);
    this.i32(by);
    this.op('i32Add');
    this.set(local);
  }

  encode(): number[] {
    const locals = this.#locals.map((type) => [1, TYPE_CODES[type]]);
    const body = [...list(locals), ...this.#code, 0x0b];
    return [...unsigned(body.length), ...body];
  }
}

/**
 * A module that imports a memory of any size as `env.memory` and exports the function as `run`.
 */
export function wasmModule(body: FunctionBody): Uint8Array<ArrayBuffer> {
  const results = body.result ? [[TYPE_CODES[body.result]]] : [];
  const type = [0x60, ...list(body.parameters.map((each) => [TYPE_CODES[each]])), ...list(results)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type]),
    ...section(2, [[...text('env'), ...text('memory'), 0x02, 0x00, 0]]), // at least 0 pages, no maximum
    ...section(3, [[0]]),
    ...section(7, [[...text('run'), 0x00, 0]]),
    ...section(10, [body.encode()]),
  ]);
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(ascii: string): number[] {
  return [...unsigned(ascii.length), ...Array.from(ascii, (character) => character.charCodeAt(0))];
}

/** LEB128, for integers in [0, 2³¹). */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** Signed LEB128, for integers in [−2³¹, 2³¹). */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40 || rest >= 0x40; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest & 0x7f);
  return bytes;
}
