import { fnv1a } from '../data/random.ts';
import { jsonObject } from '../json-text.ts';
import { isObject } from '../options/values.ts';
import { UNSTATED } from './licences.ts';

/** A Markdown file in its parts. */
interface Parts {
  /** Facts before the text, as model cards have them: each with the lines that state it, by name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly text: string;
  /** Hashes of what Harrier wrote there; undefined where there are none. */
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

const MARK = 'Written by Harrier, which keeps what is edited here and replaces the rest:';
const MARKED = new RegExp(`\\n*<!-- ${MARK} (\\{.*\\}) -->\\n*`, 'g');

/** A Markdown file with hashes of its parts, by which a later export knows what was edited. */
export function sealed(file: string): string {
  const { fields, text } = partsOf(file);
  return joined(fields, text, {
    fields: Object.fromEntries(
      [...fields]
        .filter(([name]) => !FIGURES.includes(name))
        .map(([name, lines]) => [name, fieldHash(lines)]),
    ),
    text: hashOf(text),
  });
}

/**
 * A file that is written anew, with what was edited in the one that is there: its text, and fields that were changed,
 * added or removed. Figures are always those of the new one.
 *
 * @param made of `sealed`
 * @param there whoever wrote it
 * @returns `kept` names what is not as `made` has it: fields, and `text`
 */
export function keepEdits(
  made: string,
  there: string,
): { readonly file: string; readonly kept: readonly string[] } {
  const now = partsOf(made);
  const before = partsOf(there);
  const known = before.written?.fields ?? {};
  // Harrier wrote none of these hashes before: what nobody has stated a licence in is replaced.
  const isOld = !before.written && before.text.includes(UNSTATED);
  const edited = new Set([
    ...[...before.fields].filter(([name, lines]) => known[name] !== fieldHash(lines)).map(([name]) => name),
    ...Object.keys(known).filter((name) => !before.fields.has(name)),
  ]);
  for (const name of FIGURES) edited.delete(name);
  const choosesLicence =
    LICENCE.some((name) => edited.has(name)) && (before.written !== undefined || !isUnstated(before));
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
  const keepsText = !isOld && before.text !== '' && before.written?.text !== hashOf(before.text);
  // Of a file that is all text, nothing else is to be written.
  if (keepsText && fields.size === 0) return { file: there, kept: ['text'] };
  const kept = [...edited].filter(
    (name) => name !== '' && plain(fields.get(name) ?? '') !== plain(now.fields.get(name) ?? ''),
  );
  return {
    file: joined(fields, keepsText ? before.text : now.text, now.written),
    kept: [...kept, ...(keepsText ? ['text'] : [])],
  };
}

/** Keeps edits of several files, and remembers of which. */
export class KeptEdits {
  /** For people: `README.md (license, text)`. */
  readonly words: string[] = [];

  /** As `keepEdits`. */
  merge(path: string, made: string, there: string): string {
    const { file, kept } = keepEdits(made, there);
    const isText = kept.every((name) => name === 'text');
    if (kept.length > 0) this.words.push(isText ? path : `${path} (${kept.join(', ')})`);
    return file;
  }
}

/** Whether nobody has chosen a licence: "other" without a word, or with the one that points to `LICENSE.md`. */
function isUnstated({ fields }: Parts): boolean {
  const [licence, name] = LICENCE.map((each) => plain(fields.get(each) ?? ''));
  return (
    (licence === '' || licence === 'license:other') &&
    (name === '' || name === 'license_name:see-license-file')
  );
}

function partsOf(file: string): Parts {
  const [, facts = '', rest = ''] = /^(?:---[ \t]*\n([\s\S]*?\n)?---[ \t]*(?:\n|$))?([\s\S]*)$/.exec(
    file.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'),
  )!;
  const hashes = [...rest.matchAll(MARKED)].at(-1)?.[1];
  const written = jsonObject(hashes ?? '');
  return {
    fields: fieldsOf(facts),
    // What was added below the mark is text too.
    text: rest.replaceAll(MARKED, '\n\n').trim(),
    written: written && { fields: isObject(written.fields) ? written.fields : {}, text: written.text },
  };
}

/** The top level of YAML, by its keys; what comes before the first is under none. */
function fieldsOf(facts: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of facts.replace(/\n$/, '').split('\n')) {
    name = /^["']?([\w-]+)["']?[ \t]*:/.exec(line)?.[1] ?? name;
    if (line.trim() !== '' || fields.has(name)) fields.set(name, `${fields.get(name) ?? ''}${line}\n`);
  }
  return fields;
}

function joined(fields: ReadonlyMap<string, string>, text: string, written: Written | undefined): string {
  const facts = fields.size === 0 ? '' : `---\n${[...fields.values()].join('')}---\n\n`;
  return `${facts}${text}\n\n<!-- ${MARK} ${JSON.stringify(written)} -->\n`;
}

/** The hub's form writes all fields anew, with other quotes and indents: that is no edit. */
function plain(lines: string): string {
  return lines.replace(/["'\s]/g, '');
}

function fieldHash(lines: string): string {
  return hashOf(plain(lines));
}

function hashOf(content: string): string {
  return fnv1a(content).toString(16).padStart(8, '0');
}
