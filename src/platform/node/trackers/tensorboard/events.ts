import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { TrackedImage } from '../tracker.ts';

/** One event of TensorBoard: scalars and images of a step (`tensorflow/core/util/event.proto`). */
export interface BoardEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  readonly scalars?: readonly (readonly [tag: string, value: number])[];
  readonly images?: readonly (readonly [tag: string, image: TrackedImage])[];
}

/** The event that a file begins with. */
export function versionEvent(time: number): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(time);
  event.tag(3, WireType.LengthDelimited).string('brain.Event:2');
  return event.finish();
}

/** An event as protobuf. */
export function encodeEvent({ time, step, scalars = [], images = [] }: BoardEvent): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(time);
  event.tag(2, WireType.Varint).int64(step);
  event.tag(5, WireType.LengthDelimited).fork();
  for (const [tag, value] of scalars) {
    event.tag(1, WireType.LengthDelimited).fork();
    event.tag(1, WireType.LengthDelimited).string(tag);
    event.tag(2, WireType.Bit32).float(value);
    event.join();
  }
  for (const [tag, { png, width, height }] of images) {
    event.tag(1, WireType.LengthDelimited).fork();
    event.tag(1, WireType.LengthDelimited).string(tag);
    event.tag(4, WireType.LengthDelimited).fork();
    event.tag(1, WireType.Varint).int32(height);
    event.tag(2, WireType.Varint).int32(width);
    // RGB.
    event.tag(3, WireType.Varint).int32(3);
    event.tag(4, WireType.LengthDelimited).bytes(png);
    event.join();
    event.join();
  }
  return event.join().finish();
}
