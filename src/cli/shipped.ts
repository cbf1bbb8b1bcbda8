import { basename } from 'node:path';

/** What a user who named no model should know of the one that answers. */
export function shippedNote(modelFile: string, classNames: readonly string[]): string {
  return `Note: no model is named, so Harrier's own ${basename(modelFile, '.onnx')} answers. It knows: ${classNames.join(', ')}.`;
}
