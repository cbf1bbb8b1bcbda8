import type { Command } from 'commander';
import { about } from './about.ts';
import { command } from './command.ts';
import type { RecipesOptions } from './recipes/run.ts';

export function recipesCommand(): Command {
  const show = command('show', 'Print the source of a recipe, to start your own.', [
    ['recipes show keras-cnn > harrier.config.ts', 'your own recipe, which train then uses'],
  ])
    .argument('<name>', 'one of Harrier’s recipes')
    .action(async (name: string) => {
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
