import type { ComponentChildren } from 'preact';
import './message.css';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

export interface MessageProps {
  /** `error`: did not work. `note`: good to know. `good`: done. */
  readonly kind?: 'error' | 'note' | 'good';
  readonly title?: string;
  /** Whatever was thrown: its message is shown. */
  readonly error?: unknown;
  readonly onRetry?: () => void;
  readonly retry?: string;
  readonly onClose?: () => void;
  readonly children?: ComponentChildren;
}

/** A sentence or two to the user, read out when it appears. */
export function Message(props: MessageProps) {
  const {
    kind = props.error === undefined ? 'note' : 'error',
    title,
    error,
    onRetry,
    onClose,
    children,
  } = props;
  return (
    <div class={`message ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <Icon name={kind === 'error' ? 'warning' : kind === 'good' ? 'check' : 'info'} />
      <div class="words">
        {title && <p class="title">{title}</p>}
        {error !== undefined && <p>{withLinks(messageOf(error))}</p>}
        {children && <p>{children}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>{props.retry ?? 'Try again'}</Button>}
      {onClose && <Button kind="quiet" icon="close" aria-label="Close this message" onClick={onClose} />}
    </div>
  );
}

/** Addresses in a text, without the full stop that ends its sentence. */
const ADDRESS = /(https?:\/\/[^\s"<>]*[^\s"<>.,;:!?)])/;

/** A text whose addresses are links. */
function withLinks(text: string): ComponentChildren {
  return text.split(ADDRESS).map((part, i) =>
    i % 2 === 0 ? (
      part
    ) : (
      <a key={i} href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    ),
  );
}

/** What to say about whatever was thrown. HarrierError's message is a whole sentence. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
