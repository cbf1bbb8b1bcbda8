import { Button } from '../../components/button.tsx';

/** Takes the last act back, where there is one. */
export function Undo({ act, onClick }: { readonly act: string | undefined; readonly onClick: () => void }) {
  return (
    <Button icon="undo" disabled={act === undefined} onClick={onClick} title={act && `Take back: ${act}`}>
      Undo <kbd>U</kbd>
    </Button>
  );
}
