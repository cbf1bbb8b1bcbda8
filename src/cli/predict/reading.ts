import type { Moved } from '../../calls.ts';
import type { ImageInput } from '../../data/dataset.ts';
import type { RemoteImagesOptions } from '../../platform/node/remote/remote-images.ts';

/** What a thread that reads images is told at its start. */
export interface ReadingSetup {
  /** How a model takes images. */
  readonly shape: ImageInput;
  readonly remote: RemoteImagesOptions;
}

/** What such a thread answers. */
export interface ReadingCalls {
  /** @returns uint8 `[height, width, 3]` @throws HarrierError as `readInput` and `decodeImage` */
  read(name: string): Promise<Moved<Uint8Array>>;
  /** Gives up what is not begun, and waits for what is: libvips does not survive the end of a thread that it answers. */
  end(): Promise<void>;
}
