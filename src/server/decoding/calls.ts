import type { ImageInput } from '../../data/dataset.ts';

export interface DecodeLimits {
  /** Pixels of an image before it is scaled. */
  readonly maxPixels: number;
  /** Bytes of memory for one image. */
  readonly maxBytes: number;
}

/** What a process that decodes is asked for. */
export interface DecoderCalls {
  /** @returns uint8 `[height, width, 3]` @throws HarrierError as `decodeImage`, and `too-large` beyond the memory */
  decode(bytes: Uint8Array, shape: ImageInput, where: string, limits: DecodeLimits): Promise<Uint8Array>;
}
