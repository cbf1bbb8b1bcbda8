import { HarrierError } from 'harrier/src/errors.ts';
import type { BackboneInfo, ModelInfo } from 'harrier/src/studio-server/api.ts';
import { apiUrl, getJson } from '../../api.ts';
import { useLoad } from '../../load.ts';

/** The address of the model that fine-tuning starts from: the one that comes with Harrier. */
export function useBaseModel() {
  const { value, error, loading, again } = useLoad('models', async (signal) => {
    const models = await getJson<readonly ModelInfo[]>('models', { signal });
    const shipped = models.find(({ source }) => source === 'shipped');
    if (shipped) return apiUrl(`models/${shipped.id}/model.onnx`);
    throw new HarrierError('not-found', 'the model in the package is missing', {
      next: 'Train from scratch, or export the site again from a complete package.',
    });
  });
  return { url: value, error: value === undefined ? error : undefined, loading, again };
}

/** The pretrained network of this Studio, if it has one: `null` where it has none, undefined until that is known. */
export function useBackbone(): BackboneInfo | null | undefined {
  const { value, error } = useLoad('backbone', (signal) =>
    getJson<BackboneInfo | null>('backbone', { signal }),
  );
  // A server or site of an earlier version knows no such address.
  return error === undefined ? value : null;
}
