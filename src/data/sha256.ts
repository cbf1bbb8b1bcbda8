/** SHA-256 (FIPS 180-4) fed piece by piece. Platforms with a native one use that for anything large. */
export interface Sha256 {
  update(bytes: Uint8Array): Sha256;
  /** The digest as 64 hexadecimal digits; nothing may be added afterwards. */
  digest(): string;
}

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const K = primes(64).map((prime) => fraction32(Math.cbrt(prime)));

/**
 * A hash that needs nothing from the platform: the neutral core has neither `node:crypto` nor `crypto.subtle`
 * (which is asynchronous besides).
 */
export function sha256(): Sha256 {
  // …and of the square roots of the first 8.
  const state = Uint32Array.from(primes(8), (prime) => fraction32(Math.sqrt(prime)));
  const block = new Uint8Array(64);
  const schedule = new Uint32Array(64);
  let filled = 0;
  let length = 0;

  const add = (bytes: Uint8Array): void => {
    length += bytes.length;
    for (let offset = 0; offset < bytes.length; ) {
      const count = Math.min(64 - filled, bytes.length - offset);
      block.set(bytes.subarray(offset, offset + count), filled);
      filled += count;
      offset += count;
      if (filled === 64) {
        compress(state, block, schedule);
        filled = 0;
      }
    }
  };

  const hash: Sha256 = {
    update(bytes) {
      add(bytes);
      return hash;
    },
    digest() {
      const bits = length * 8;
      const padding = new Uint8Array(filled < 56 ? 64 - filled : 128 - filled);
      padding[0] = 0x80;
      const tail = new DataView(padding.buffer, padding.length - 8);
      tail.setUint32(0, Math.floor(bits / 2 ** 32));
      tail.setUint32(4, bits >>> 0);
      add(padding);
      return [...state].map((word) => word.toString(16).padStart(8, '0')).join('');
    },
  };
  return hash;
}

function compress(state: Uint32Array, block: Uint8Array, w: Uint32Array): void {
  for (let t = 0; t < 16; t++) {
    w[t] = (block[4 * t] << 24) | (block[4 * t + 1] << 16) | (block[4 * t + 2] << 8) | block[4 * t + 3];
  }
  for (let t = 16; t < 64; t++) {
    const s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >>> 3);
    const s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >>> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + K[t] + w[t]) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const sums = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] += sums[i];
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function fraction32(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}
