import { Message } from '../components/message.tsx';
import type { Corrections } from './corrections.ts';
import './undo.css';

/** Says what was just corrected, and takes it back. */
export function Undo({ corrections }: { readonly corrections: Corrections }) {
  const { last, error, undo, dismiss } = corrections;
  return (
    <div class="undo" role="status">
      {error !== undefined && (
        <Message error={error} title="The correction could not be kept" onClose={dismiss} />
      )}
      {last && (
        <Message kind="good" onRetry={() => void undo()} retry="Undo" onClose={dismiss}>
          {last.words}
        </Message>
      )}
    </div>
  );
}
