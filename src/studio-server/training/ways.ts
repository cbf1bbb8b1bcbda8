import { DEFAULT_BACKBONE } from '../../backbones/index.ts';
import { formatPercent, formatQuantity } from '../../format/format.ts';
import { FROM_SCRATCH, photoSide } from '../../platform/node/runs/photo-side.ts';
import { allRecipes } from '../../platform/node/runs/recipe-files.ts';
import type { DatasetInfo, TrainingWay, TrainingWays } from '../api.ts';
import type { StartingPoints } from './starting-points.ts';

/** The ways to train on a data set, as `harrier train` chooses between them where nobody says. */
export async function waysFor(info: DatasetInfo, points: StartingPoints): Promise<TrainingWays> {
  const [side, models, recipes] = await Promise.all([
    photoSide(info.name, { multiLabel: info.multiLabel }),
    points.list(),
    allRecipes(),
  ]);
  const missing =
    models.length === 0
      ? `There is no model to begin with. Fetch one in a terminal: npx harrier models fetch ${DEFAULT_BACKBONE}.`
      : undefined;
  const ways: TrainingWay[] = [
    {
      kind: 'head',
      title: 'A last layer',
      summary: 'Fits a last layer on what a trained model sees in each image. Takes seconds to minutes.',
      note: 'Best for photos, and for few images',
      ...(missing && { missing }),
    },
    {
      kind: 'all',
      title: 'All layers',
      summary: 'Trains all layers of a model gently, from its weights. Takes minutes to hours.',
      note: 'Often better from 500 images on',
      ...(missing && { missing }),
    },
    ...[...recipes.values()].map(({ recipe }) => ({
      kind: 'recipe' as const,
      recipe: recipe.name,
      title: recipe.name,
      summary: recipe.description,
      note: `${formatPercent(recipe.target.accuracy, 1)} on CIFAR-10`,
    })),
  ];
  const isPretrained = models.some(({ pretrained }) => pretrained);
  const scratch = Math.max(
    0,
    ways.findIndex(({ recipe }) => recipe === FROM_SCRATCH),
  );
  const few = formatQuantity(info.splits.train.size, 'image');
  const proposal: Pick<TrainingWays, 'proposed' | 'why'> =
    side === undefined
      ? {
          proposed: scratch,
          why: 'The images are small: a network made for small images learns them from scratch.',
        }
      : isPretrained
        ? {
            proposed: 0,
            why: `Photos of ${side} pixels or so learn best from a pretrained network; ${few} are enough for a last layer.`,
          }
        : {
            proposed: scratch,
            why: `Photos would do better with a pretrained network. Fetch one in a terminal: npx harrier models fetch ${DEFAULT_BACKBONE}.`,
          };
  return { ways, models, ...proposal, ...(side !== undefined && { photoSide: side }) };
}
