/** Data that YAML text is made of. */
export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };

/** Data as YAML: blocks, and texts in double quotes where they might be read as something else. */
export function yamlText(data: { readonly [key: string]: Yaml }): string {
  return `${linesOf(data).join('\n')}\n`;
}

function linesOf(data: Yaml): string[] {
  if (Array.isArray(data)) return data.flatMap((each) => nested('-', linesOf(each)));
  if (typeof data !== 'object') return [scalar(data)];
  return Object.entries(data).flatMap(([key, value]) => {
    const lines = linesOf(value as Yaml);
    return typeof value === 'object'
      ? [`${scalar(key)}:`, ...lines.map(indented)]
      : [`${scalar(key)}: ${lines[0]}`];
  });
}

function nested(mark: string, [first, ...others]: readonly string[]): string[] {
  return [`${mark} ${first}`, ...others.map(indented)];
}

const indented = (line: string): string => `  ${line}`;

/** JSON is YAML too; plain words need no quotes. */
function scalar(value: Yaml): string {
  const isPlain =
    typeof value === 'string' &&
    /^[a-z][\w./-]*$/i.test(value) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
