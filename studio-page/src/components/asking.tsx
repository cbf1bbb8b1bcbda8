import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button, type ButtonProps } from './button.tsx';

export interface AskingProps extends ButtonProps {
  /** What would happen, as a question. */
  readonly question: ComponentChildren;
  /** On the button that does it: `Delete`. */
  readonly yes: string;
  readonly onYes: () => void;
  /** On the button that leaves things as they are. Default `No`. */
  readonly no?: string;
}

/** A button that asks before it does what cannot be undone. Escape means no. */
export function Asking({ question, yes, onYes, no = 'No', children, busy, ...button }: AskingProps) {
  const [asks, setAsks] = useState(false);
  const asking = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLSpanElement>(null);
  const wasAsking = useRef(false);
  // Before the next key is pressed.
  useLayoutEffect(() => {
    if (asks) asking.current?.querySelector<HTMLElement>('.no')?.focus();
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
      ref={asking}
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
        {no}
      </Button>
    </div>
  );
}
