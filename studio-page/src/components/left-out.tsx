import { formatCount } from 'harrier/src/format/format.ts';
import type { ComponentChildren } from 'preact';
import './left-out.css';

export interface LeftOutProps {
  /** What happened to how many files, in a few words. */
  readonly summary: string;
  /** Each with its reason. */
  readonly files: readonly { readonly key: string; readonly words: ComponentChildren }[];
}

/** Files that are shown: enough to see what is wrong. */
const SHOWN = 200;

/** Files that were not taken, folded away. */
export function LeftOut({ summary, files }: LeftOutProps) {
  return (
    <details class="left-out">
      <summary>{summary}</summary>
      <ul>
        {files.slice(0, SHOWN).map(({ key, words }) => (
          <li key={key}>{words}</li>
        ))}
        {files.length > SHOWN && <li>and {formatCount(files.length - SHOWN)} more</li>}
      </ul>
    </details>
  );
}
