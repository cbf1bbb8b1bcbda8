// The core has neither Buffer nor atob (those are the platform's), so base64 (RFC 4648) is done here.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES: ReadonlyMap<string, number> = new Map(Array.from(LETTERS, (letter, i) => [letter, i]));

/** Bytes as base64, padded. */
export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const bits = (a << 16) | (b << 8) | c;
    const letters = [18, 12, 6, 0].map((shift) => LETTERS[(bits >>> shift) & 63]);
    const given = Math.min(3, bytes.length - i) + 1;
    parts.push(letters.slice(0, given).join('').padEnd(4, '='));
  }
  return parts.join('');
}

/** The bytes that a text in base64 stands for; undefined for a text that is not base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const letters = text.replace(/={1,2}$/, '');
  if (text.length % 4 !== 0 || text.length - letters.length > 2) return undefined;
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const letter of letters) {
    const value = VALUES.get(letter);
    if (value === undefined) return undefined;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = (bits >>> count) & 255;
    bits &= (1 << count) - 1;
  }
  return bytes;
}
