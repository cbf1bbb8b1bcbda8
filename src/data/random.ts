/**
 * A counter-based random generator. Each draw is a pure function of (seed, purpose, counters), so a resumed run draws
 * the same numbers. The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011).
 */
export interface RandomStream {
  /** The next 32 random bits, as an integer in [0, 2³²). */
  uint32(): number;
  /** Uniform in [0, 1), with 24 bits. */
  uniform(): number;
  /** Standard normal (Box and Muller). */
  normal(): number;
  /** Uniform integer in [0, bound), without bias. */
  integer(bound: number): number;
  /** The numbers 0 … count − 1 in random order (Fisher and Yates). */
  permutation(count: number): Uint32Array;
}

/**
 * Random numbers that depend only on a seed, a purpose and counters: the same three always give the same stream.
 *
 * @param seed the seed of the run, an integer in [0, 2⁵³)
 * @param purpose name of the draws, such as `shuffle` or `dropout/dense1`. Purposes are told apart by their length and
 *   a hash of 32 bits: two of one length share draws with a probability of 1 in 4 billion
 * @param counters up to two integers in [0, 2³²), such as epoch or step
 */
export function random(seed: number, purpose: string, ...counters: number[]): RandomStream {
  if (counters.length > 2)
    throw new RangeError(`random takes at most 2 counters, received ${counters.length}`);
  // 64 bits of key: seed and purpose mixed by one Philox block.
  const purposeHash = fnv1a(purpose);
  const mixed = new Uint32Array(4);
  philox(
    seed >>> 0,
    Math.floor(seed / 2 ** 32) >>> 0,
    purposeHash,
    purpose.length,
    0x48617272,
    0x69657221,
    mixed,
  );
  const [key0, key1] = mixed;
  const [counter2 = 0, counter3 = 0] = counters;

  const block = new Uint32Array(4);
  let blockIndex = 0;
  let used = 4;
  let spareNormal: number | undefined;

  const uint32 = (): number => {
    if (used === 4) {
      philox(blockIndex >>> 0, Math.floor(blockIndex / 2 ** 32), counter2, counter3, key0, key1, block);
      blockIndex++;
      used = 0;
    }
    return block[used++];
  };
  const uniform = (): number => (uint32() >>> 8) / 2 ** 24;
  const normal = (): number => {
    if (spareNormal !== undefined) {
      const value = spareNormal;
      spareNormal = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((uint32() + 1) / 2 ** 32));
    const angle = (2 * Math.PI * uint32()) / 2 ** 32;
    spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const integer = (bound: number): number => {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let draw = uint32();
    while (draw >= limit) draw = uint32();
    return draw % bound;
  };
  const permutation = (count: number): Uint32Array => {
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const j = integer(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  };
  return { uint32, uniform, normal, integer, permutation };
}

/** One Philox4x32-10 block: ten rounds over the counter (c0…c3) with the key (k0, k1). */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
): void {
  // Signed 32-bit integers throughout: engines compute with them fastest. `out` makes them unsigned again.
  let a = c0 | 0;
  let b = c1 | 0;
  let c = c2 | 0;
  let d = c3 | 0;
  let x = k0 | 0;
  let y = k1 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, a);
    const low0 = Math.imul(0xd2511f53, a);
    const high1 = multiplyHigh(0xcd9e8d57, c);
    const low1 = Math.imul(0xcd9e8d57, c);
    a = high1 ^ b ^ x;
    b = low1;
    c = high0 ^ d ^ y;
    d = low0;
    x = (x + 0x9e3779b9) | 0;
    y = (y + 0xbb67ae85) | 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit integers, by halves; as a signed integer. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const cross = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/** FNV-1a over UTF-16 code units, 32 bits. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
