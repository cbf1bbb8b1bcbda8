import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

// What the package's entries give: every name is told about, and the neutral ones share none by accident.

const root = resolve(import.meta.dirname, '../..');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries: string[] = Object.keys(exports).filter((entry) => !entry.endsWith('.json'));
const sourceOf = (entry: string) =>
  join(root, exports[entry].types.replace('dist', 'src').replace('.d.ts', '.ts'));

const config = ts.getParsedCommandLineOfConfigFile(
  join(root, 'tsconfig.json'),
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => expect.fail(`${diagnostic.messageText}`),
  },
)!;
const program = ts.createProgram(entries.map(sourceOf), config.options);
const checker = program.getTypeChecker();

interface Exported {
  readonly name: string;
  readonly documented: boolean;
}

function exportsOf(file: string): Exported[] {
  const source = program.getSourceFile(file)!;
  return checker.getExportsOfModule(checker.getSymbolAtLocation(source)!).map((symbol) => {
    const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return { name: symbol.name, documented: own.getDocumentationComment(checker).length > 0 };
  });
}

it.each(entries)('every export of harrier%s has a doc comment', (entry) => {
  const bare = exportsOf(sourceOf(entry)).filter(({ documented }) => !documented);
  expect(bare.map(({ name }) => name)).toEqual([]);
});

it('the compiler and Vitest find every entry', () => {
  const names = entries.map((entry) => entry.replace('.', 'harrier'));
  const vitest = readFileSync(join(root, 'vitest.config.ts'), 'utf8');
  for (const [i, name] of names.entries()) {
    const [path] = config.options.paths![name];
    expect(resolve(root, path)).toBe(sourceOf(entries[i]));
    expect(vitest).toContain(`find: /^${name.replace('/', '\\/')}$/`);
  }
});

it('names that say little stand with what they are about', () => {
  const names = exportsOf(sourceOf('.')).map(({ name }) => name);
  for (const name of ['flag', 'pair', 'positive', 'float', 'tensor', 'record', 'add', 'lower']) {
    expect(names).not.toContain(name);
  }
});

it('the import map of docs/in-your-project.md has every package that a page needs', () => {
  const page = readFileSync(join(root, 'docs/in-your-project.md'), 'utf8');
  const [, json] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page)!;
  const { imports } = JSON.parse(json) as { imports: Record<string, string> };
  const neutral = program.getSourceFiles().filter(({ fileName }) => {
    const path = fileName.slice(root.length + 1);
    return (
      /^src\//.test(path) && !/^src\/(platform\/node|server|report|cli|studio-server|sagemaker)\//.test(path)
    );
  });
  const packages = new Set(
    neutral.flatMap((file) =>
      ts
        .preProcessFile(file.text, true, true)
        .importedFiles.map(({ fileName }) => fileName)
        .filter((name) => !name.startsWith('.')),
    ),
  );
  expect(packages.size).toBeGreaterThan(3);
  for (const name of packages) {
    expect(Object.keys(imports)).toContain(name);
    expect(existsSync(join(root, imports[name])), imports[name]).toBe(true);
  }
  for (const [name, address] of Object.entries(imports).filter(([each]) => each.startsWith('harrier'))) {
    expect(address.slice('./node_modules/harrier'.length)).toBe(
      exports[name.replace('harrier', '.')].default.slice(1),
    );
  }
});
