import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';

interface SnippetProps {
  /** For screen readers. */
  readonly label: string;
  /** Empty while it is on its way. */
  readonly text: string;
  /** Beside the button that copies it. */
  readonly children?: ComponentChildren;
}

/** A program to look at and to copy. */
export function Snippet({ label, text, children }: SnippetProps) {
  const [copied, setCopied] = useState<{ readonly text: string; readonly isDone: boolean }>();
  const copy = async () => {
    try {
      // Pages that came by plain HTTP from another machine have no clipboard.
      await navigator.clipboard.writeText(text);
      setCopied({ text, isDone: true });
    } catch {
      setCopied({ text, isDone: false });
    }
  };
  const now = copied?.text === text ? copied : undefined;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={label}>
        <pre class="snippet">
          <code>{text}</code>
        </pre>
      </section>
      <div class="row">
        {children}
        <Button kind="quiet" disabled={text === ''} onClick={copy}>
          {now?.isDone ? 'Copied' : 'Copy'}
        </Button>
      </div>
      {now?.isDone === false && (
        <p class="note">The browser does not let pages copy: select the text instead.</p>
      )}
    </>
  );
}
