import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button, type ButtonProps } from './button.tsx';

export interface AskingProps extends ButtonProps {
  /** What would happen, as a question. */
  readonly question: ComponentChildren;
  /** On the button that does it: `Delete`. */
  readonly yes: string;
  readonly onYes: () => void;
}

/** A button that asks before it does what cannot be undone. Escape means no. */
export function Asking({ question, yes, onYes, children, busy, ...button }: AskingProps) {
  const [asks, setAsks] = useState(false);
  const no = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLSpanElement>(null);
  const wasAsking = useRef(false);
  // Before the next key is pressed.
  useLayoutEffect(() => {
    if (asks) no.current?.querySelector<HTMLElement>('.no')?.focus();
    else if (wasAsking.current) opener.current?.querySelector('button')?.focus();
    wasAsking.current = asks;
  }, [asks]);
  if (!asks) {
    return (
      <span ref={opener}>
        <Button {...button} busy={busy} onClick={() => setAsks(true)}>
          {children}
        </Button>
      </span>
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape on one of its buttons
    <div
      ref={no}
      class="row asking"
      onKeyDown={(event) => {
        if (event.key === 'Escape') setAsks(false);
      }}
    >
      <p role="status">{question}</p>
      <Button
        kind="danger"
        busy={busy}
        onClick={() => {
          setAsks(false);
          onYes();
        }}
      >
        {yes}
      </Button>
      <Button class="no" onClick={() => setAsks(false)}>
        No
      </Button>
    </div>
  );
}
