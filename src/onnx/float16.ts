/** IEEE 754 binary16 as bits, rounded to the nearest, ties to even. */
export function toFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => {
    const sign = (bits >>> 16) & 0x8000;
    const exponent = ((bits >>> 23) & 0xff) - 127;
    const fraction = bits & 0x7fffff;
    if (exponent === 128) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
    // As many bits go as binary16 lacks: 13, and more for each power of two below its least normal number, 2^-14.
    const dropped = 13 + Math.max(0, -14 - exponent);
    if (dropped > 24) return sign;
    const whole = 0x800000 | fraction;
    const kept = whole >>> dropped;
    const rest = whole & ((1 << dropped) - 1);
    const half = 1 << (dropped - 1);
    const rounded = kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
    // A carry out of the fraction raises the exponent by itself; the leading one does so for normal numbers too.
    const base = exponent < -14 ? 0 : (exponent + 14) << 10;
    return sign | Math.min(0x7c00, base + rounded);
  });
}

/** Numbers from the bits of IEEE 754 binary16. */
export function fromFloat16(values: Uint16Array): Float32Array {
  return Float32Array.from(values, (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const [exponent, fraction] = [(bits >>> 10) & 0x1f, bits & 0x3ff];
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}
