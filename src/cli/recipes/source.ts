import { readFile } from 'node:fs/promises';
import { RECIPES, recipeNamed } from '../../recipes/index.ts';

/** Where the source of recipes lies: in a checkout, and in the package. */
const PLACES = ['../../recipes/', '../../recipes/source/'];

/**
 * The source of a recipe that Harrier brings, as a user's own file would have it: imports come from `harrier`, and the
 * recipe is the default export.
 *
 * @throws HarrierError `bad-option` for a name that there is not
 */
export async function recipeSource(name: string): Promise<string> {
  recipeNamed(name);
  for (const place of PLACES) {
    const source = await readFile(new URL(`${place}${name}.ts`, import.meta.url), 'utf8').catch(
      () => undefined,
    );
    if (source !== undefined) return adapted(source);
  }
  throw new Error(`the source of the recipe ${name} is missing from the package`);
}

const IMPORT = /^import (type )?\{([^}]*)\} from '\.[^']*';\n/gm;

function adapted(source: string): string {
  const names = new Set<string>();
  let recipe = '';
  const body = source
    .replace(IMPORT, (_, type: string | undefined, list: string) => {
      for (const name of list.split(',').map((each) => each.trim())) {
        if (Object.hasOwn(RECIPES, name)) names.add('RECIPES');
        else if (name) names.add(type ? `type ${name}` : name);
      }
      return '';
    })
    .replace(/\.\.\.(\w+)/g, (spread, name: string) =>
      Object.hasOwn(RECIPES, name) ? `...RECIPES.${name}` : spread,
    )
    .replace(/^export const (\w+)/m, (_, name: string) => {
      recipe = name;
      return `const ${name}`;
    });
  const sorted = [...names].sort((a, b) => bare(a).localeCompare(bare(b)));
  return `import { ${sorted.join(', ')} } from 'harrier';\n${body.trimEnd()}\n\nexport default ${recipe};\n`;
}

function bare(name: string): string {
  return name.replace(/^type /, '');
}
