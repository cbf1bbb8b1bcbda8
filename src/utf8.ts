// The core has no TextEncoder (that is the platform's), so UTF-8 (RFC 3629) goes through the language's own URI functions.

export function utf8Encode(text: string): Uint8Array<ArrayBuffer> {
  const escaped = encodeURIComponent(text);
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === '%') {
      bytes.push(Number.parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

/** @throws URIError when the bytes are not UTF-8 */
export function utf8Decode(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (const byte of bytes) parts.push(`%${byte.toString(16).padStart(2, '0')}`);
  return decodeURIComponent(parts.join(''));
}

/** Text without the byte order mark that some programs of Windows write before it. */
export function withoutByteOrderMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}
