// Puts the TypeScript of the recipes into the package, for `harrier recipes show`.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';

const from = new URL('../src/recipes/', import.meta.url);
const to = new URL('../dist/recipes/source/', import.meta.url);
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from)) {
  if (name.endsWith('.ts') && !name.endsWith('.test.ts'))
    copyFileSync(new URL(name, from), new URL(name, to));
}
