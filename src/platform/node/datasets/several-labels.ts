import { HarrierError } from '../../../errors.ts';
import { listBeside } from './list-images.ts';
import { isManifestName, readManifest } from './manifest.ts';
import { packedFolder, type UnpackOptions } from './packed/index.ts';

/**
 * Whether `--data` names images with several labels each: a list in which an image has more than one, with semicolons
 * between, or which looks so otherwise (`Manifest.isOfTags`); or such a list in a folder. What cannot be read is no such
 * list.
 *
 * @throws the signal's reason when aborted
 */
export async function hasSeveralLabels(spec: string, options: UnpackOptions = {}): Promise<boolean> {
  try {
    const list = isManifestName(spec) ? spec : await listBeside((await packedFolder(spec, options)) ?? spec);
    if (list === undefined) return false;
    const { rows, isOfTags } = await readManifest(list, { multiLabel: true });
    return isOfTags || rows.some(({ tags = [] }) => tags.length > 1);
  } catch (error) {
    // Whoever opens the data says what is wrong with it.
    if (error instanceof HarrierError) return false;
    throw error;
  }
}
