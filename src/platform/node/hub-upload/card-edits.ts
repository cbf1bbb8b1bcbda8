import { createHash } from 'node:crypto';
import { jsonObject } from '../../../json-text.ts';
import { isObject } from '../../../options/values.ts';

/** A model card in its parts. */
interface Card {
  /** Its facts for the hub: each with the lines that state it, by name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly text: string;
  /** Hashes of what Harrier wrote there; undefined where somebody else did. */
  readonly written: Written | undefined;
}

interface Written {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: unknown;
}

/** Fields that belong together. */
const LICENCE = ['license', 'license_name', 'license_link'];
/** Figures of a model: those of another one would be wrong. */
const FIGURES = ['metrics', 'model-index'];

const MARK = 'Written by harrier push, which keeps what is edited here and replaces the rest:';
const MARKED = new RegExp(`\\n*<!-- ${MARK} (\\{.*\\}) -->\\s*$`);

/** A model card with hashes of its parts, by which a later push knows what was edited. */
export function sealCard(card: string): string {
  const { fields, text } = partsOf(card);
  return joined(fields, text, {
    fields: Object.fromEntries(
      [...fields]
        .filter(([name]) => !FIGURES.includes(name))
        .map(([name, lines]) => [name, fieldHash(lines)]),
    ),
    text: textHash(text),
  });
}

/**
 * A new model card with what was edited in the one that is there: its text, and fields that were changed, added or
 * removed. Figures are always those of the new one.
 *
 * @param made of `sealCard`
 * @param there the card of the repository, whoever wrote it
 * @returns `kept` names what is not as `made` has it: fields, and `text`
 */
export function keepCardEdits(
  made: string,
  there: string,
): { readonly card: string; readonly kept: readonly string[] } {
  const now = partsOf(made);
  const before = partsOf(there);
  const known = before.written?.fields ?? {};
  const edited = new Set([
    ...[...before.fields].filter(([name, lines]) => known[name] !== fieldHash(lines)).map(([name]) => name),
    ...Object.keys(known).filter((name) => !before.fields.has(name)),
  ]);
  for (const name of FIGURES) edited.delete(name);
  // A licence is chosen as a whole; nobody chose "other" without a word.
  const licence = LICENCE.map((name) => plain(before.fields.get(name) ?? '')).join('');
  const isUnstated = !before.written && licence === 'license:other';
  const choosesLicence = !isUnstated && LICENCE.some((name) => edited.has(name));
  for (const name of LICENCE) {
    if (choosesLicence) edited.add(name);
    else edited.delete(name);
  }
  const fields = new Map(
    [...new Set([...now.fields.keys(), ...edited])].flatMap((name) => {
      const lines = (edited.has(name) ? before : now).fields.get(name);
      return lines === undefined ? [] : [[name, lines] as const];
    }),
  );
  const keepsText = before.text.trim() !== '' && before.written?.text !== textHash(before.text);
  const kept = [...edited].filter(
    (name) => plain(fields.get(name) ?? '') !== plain(now.fields.get(name) ?? ''),
  );
  return {
    card: joined(fields, keepsText ? before.text : now.text, now.written),
    kept: [...kept, ...(keepsText ? ['text'] : [])],
  };
}

function partsOf(card: string): Card {
  const [, facts = '', rest = ''] = /^(?:---[ \t]*\n([\s\S]*?\n)?---[ \t]*(?:\n|$))?([\s\S]*)$/.exec(
    card.replaceAll('\r\n', '\n'),
  )!;
  const [mark = '', hashes = ''] = MARKED.exec(rest) ?? [];
  const written = jsonObject(hashes);
  return {
    fields: fieldsOf(facts),
    text: rest.slice(0, rest.length - mark.length),
    written: written && { fields: isObject(written.fields) ? written.fields : {}, text: written.text },
  };
}

/** The top level of YAML, by its keys. */
function fieldsOf(facts: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of facts.split('\n')) {
    name = /^([\w-]+)[ \t]*:/.exec(line)?.[1] ?? name;
    if (line.trim() !== '') fields.set(name, `${fields.get(name) ?? ''}${line}\n`);
  }
  return fields;
}

function joined(fields: ReadonlyMap<string, string>, text: string, written: Written | undefined): string {
  return `---\n${[...fields.values()].join('')}---\n\n${text.trim()}\n\n<!-- ${MARK} ${JSON.stringify(written)} -->\n`;
}

/** The hub's form writes all fields anew, with other quotes and indents: that is no edit. */
function plain(lines: string): string {
  return lines.replace(/["'\s]/g, '');
}

function fieldHash(lines: string): string {
  return hashOf(plain(lines));
}

function textHash(text: string): string {
  return hashOf(text.trim());
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}
