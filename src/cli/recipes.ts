import type { Command } from 'commander';
import { command } from './command.ts';
import type { RecipesOptions } from './recipes/run.ts';

export function recipesCommand(): Command {
  const show = command('show', 'Print the source of a recipe, to change it.', [
    ['recipes show keras-cnn > harrier.config.ts', 'your own from here on: train uses it'],
  ])
    .argument('<name>', 'one of the recipes that Harrier brings')
    .action(async (name: string) => {
      const { runShowRecipe } = await import('./recipes/run.ts');
      await runShowRecipe(name);
    });
  const schema = command('schema', 'Print a JSON Schema of a recipe, for editors and programs.', [
    ['recipes schema > recipe.schema.json', 'its fields, with their ranges and a sentence about each'],
  ]).action(async () => {
    const { runRecipeSchema } = await import('./recipes/run.ts');
    runRecipeSchema();
  });
  return command('recipes', 'List the recipes: those of Harrier, and those of ./harrier.config.ts.', [
    ['recipes', 'what each is, what it reaches, its settings'],
    ['recipes --json', 'for programs'],
    ['recipes show keras-cnn > harrier.config.ts', 'begin one of your own'],
  ])
    .option('--json', 'print one JSON array')
    .addCommand(show)
    .addCommand(schema)
    .action(async (options: RecipesOptions) => {
      const { runRecipes } = await import('./recipes/run.ts');
      await runRecipes(options);
    });
}
