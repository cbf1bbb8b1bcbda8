import { formatBytes } from 'harrier/src/format/format.ts';
import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/panel.tsx';
import { INSTALL, SNIPPET } from '../../teach/snippet.ts';
import type { Taught } from '../../teach/training.ts';

/** The model as a file, and a program that uses it. */
export function TakeAway({ taught: { model } }: { readonly taught: Taught }) {
  const [copied, setCopied] = useState<boolean>();
  const copy = () =>
    navigator.clipboard.writeText(SNIPPET).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <Panel title="Take it away" note="One file, pixels in and probabilities out, for any ONNX Runtime.">
      <div class="stack">
        <div class="row">
          <Button
            kind="primary"
            icon="download"
            onClick={() => save(new Blob([model], { type: 'application/octet-stream' }), 'model.onnx')}
          >
            model.onnx ({formatBytes(model.length)})
          </Button>
          <Button
            icon="download"
            onClick={() => save(new Blob([SNIPPET], { type: 'text/plain' }), 'classify.ts')}
          >
            classify.ts
          </Button>
          <Button kind="quiet" onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        </div>
        {copied === false && (
          <p class="note">The browser does not let pages copy: select the text instead.</p>
        )}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section class="scroll" tabIndex={0} aria-label="classify.ts">
          <pre class="snippet">
            <code>{SNIPPET}</code>
          </pre>
        </section>
        <p class="note">
          <code>{INSTALL}</code>, put both files into one folder and run <code>npx tsx classify.ts</code>.
          Without any program: <code>npx harrier predict model.onnx image.jpg</code>.
        </p>
      </div>
    </Panel>
  );
}

function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
