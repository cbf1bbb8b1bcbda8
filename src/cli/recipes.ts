import type { Command } from 'commander';
import { HarrierError } from '../errors.ts';
import { about } from './about.ts';
import { command } from './command.ts';
import type { RecipesOptions } from './recipes/run.ts';

export function recipesCommand(): Command {
  const show = command('show', 'Print the source of a recipe, to start your own.', [
    ['recipes show keras-cnn > harrier.config.ts', 'your own recipe, which train then uses'],
  ])
    .argument('<name>', 'one of Harrier’s recipes')
    .action(async (name: string, _: object, { parent }: Command) => {
      if (parent?.opts().json) {
        throw new HarrierError('bad-option', 'the source of a recipe is not JSON', {
          where: '--json',
          next: 'Leave it out. npx harrier recipes --json describes all recipes.',
        });
      }
      const { runShowRecipe } = await import('./recipes/run.ts');
      await runShowRecipe(name);
    });
  const schema = command('schema', 'Print a JSON Schema of a recipe, for editors and programs.', [
    ['recipes schema > recipe.schema.json', 'its fields, with range and meaning'],
  ]).action(async () => {
    const { runRecipeSchema } = await import('./recipes/run.ts');
    runRecipeSchema();
  });
  return command('recipes', about.recipes, [
    ['recipes', 'description, accuracy and settings of each'],
    ['recipes --json', 'for programs'],
    ['recipes show keras-cnn > harrier.config.ts', 'start your own'],
  ])
    .option('--json', 'print one JSON array')
    .addCommand(show)
    .addCommand(schema)
    .action(async (options: RecipesOptions) => {
      const { runRecipes } = await import('./recipes/run.ts');
      await runRecipes(options);
    });
}
