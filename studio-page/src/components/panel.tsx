import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import './panel.css';
import type { useDrop } from './use-drop.ts';

export interface PanelProps {
  readonly title?: string;
  /** A sentence below the title. */
  readonly note?: ComponentChildren;
  /** At the right of the title: a button, a choice. */
  readonly aside?: ComponentChildren;
  /** Without a ground of its own. */
  readonly plain?: boolean;
  readonly class?: string;
  /** Takes files that are dropped anywhere on it. */
  readonly drop?: ReturnType<typeof useDrop>['handlers'];
  readonly children?: ComponentChildren;
}

/** A part of a view, with its heading. */
export function Panel({ title, note, aside, plain, class: more, drop, children }: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${plain ? 'plain' : ''} ${more ?? ''}`} aria-labelledby={title && id} {...drop}>
      {(title || aside) && (
        <div class="panel-head">
          <div>
            {title && <h2 id={id}>{title}</h2>}
            {note && <p class="note">{note}</p>}
          </div>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}
