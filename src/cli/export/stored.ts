import { HarrierError } from '../../errors.ts';
import { weightStorageOf } from '../../models/index.ts';
import type { Model } from '../../onnx/index.ts';

/** Refuses a model whose weights lost digits already. @throws HarrierError `not-supported` */
export function refuseStored(model: Model, where: string): void {
  const storage = weightStorageOf(model);
  if (storage === 'float32') return;
  throw new HarrierError(
    'not-supported',
    `the weights of this model were stored in ${storage}, and the discarded digits cannot be restored`,
    {
      where,
      next: 'Export from the run, or from the model.onnx that harrier train wrote.',
    },
  );
}
