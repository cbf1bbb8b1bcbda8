import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { isForBrowser } from './keys.ts';
import './lightbox.css';

export interface LightboxProps {
  /** What is shown, for the head and for screen readers. */
  readonly title: string;
  /** Beside the title: `4 of 244`. */
  readonly note?: string;
  readonly onPrevious?: () => void;
  readonly onNext?: () => void;
  readonly onClose: () => void;
  /** What lies at the left, as large as there is room. */
  readonly stage: ComponentChildren;
  /** What is said about it, at the right or below. */
  readonly children?: ComponentChildren;
}

/**
 * One thing, large, over the page, which keeps its place below. Arrow keys go to the one before and after, Escape
 * closes it, and the focus returns to where it was.
 */
export function Lightbox({ title, note, onPrevious, onNext, onClose, stage, children }: LightboxProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current!;
    const before = document.activeElement;
    element.showModal();
    // Arrow keys at once; a button would take Enter that was meant for what opened this.
    element.focus();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  const move = (event: KeyboardEvent) => {
    const { target } = event;
    const isTyped = target instanceof HTMLSelectElement || target instanceof HTMLInputElement;
    // In what is wider than its frame, arrow keys go to what lies beside.
    const scrolls = target instanceof HTMLElement && target.scrollWidth > target.clientWidth;
    if (isTyped || scrolls || isForBrowser(event)) return;
    const go = { ArrowLeft: onPrevious, ArrowRight: onNext }[event.key];
    if (!go) return;
    event.preventDefault();
    go();
  };
  return (
    <dialog
      ref={dialog}
      class="lightbox"
      tabIndex={-1}
      aria-label={title}
      onKeyDown={move}
      onCancel={(event) => {
        // It goes when its owner takes it away.
        event.preventDefault();
        onClose();
      }}
    >
      <header class="lightbox-head">
        <div class="lightbox-title" role="status">
          <h2>{title}</h2>
          {note && <p class="note">{note}</p>}
        </div>
        <Button
          kind="quiet"
          icon="left"
          aria-label="Previous image"
          disabled={!onPrevious}
          onClick={onPrevious}
        />
        <Button kind="quiet" icon="right" aria-label="Next image" disabled={!onNext} onClick={onNext} />
        <Button kind="quiet" icon="close" aria-label="Close the image" onClick={onClose} />
      </header>
      <div class="lightbox-body">
        <div class="lightbox-stage">{stage}</div>
        {children && <div class="lightbox-side">{children}</div>}
      </div>
    </dialog>
  );
}
