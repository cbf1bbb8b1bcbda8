import { html } from '../format/html.ts';
import type { Reply } from './protocols/protocol.ts';
import type { ServedModel } from './service.ts';

/** A page for browsers that open the server: the model, and examples of requests. */
export function page(name: string, version: string, model: ServedModel, url: string): Reply {
  const { classNames, imageShape, thresholds } = model;
  const { origin } = new URL(url);
  const shown = classNames.slice(0, 100).join(', ');
  const more = classNames.length > 100 ? `, and ${classNames.length - 100} more` : '';
  const commands = [
    `curl --data-binary @image.png -H 'content-type: image/png' ${origin}/invocations`,
    `curl --data-binary @image.png -H 'content-type: image/png' -H 'accept: application/json;verbose' ${origin}/invocations`,
    `curl -d "{\\"instances\\": [{\\"b64\\": \\"$(base64 -w0 image.png)\\"}]}" ${origin}/v1/models/${name}:predict`,
    `curl ${origin}/v2/models/${name}`,
  ];
  const body = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Harrier: ${name}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}pre{overflow:auto;background:#8881;padding:1em}</style>
<h1>${name}</h1>
<p>${thresholds ? 'Labels, any number for an image' : 'Classes'}: ${shown}${more}.</p>
<p>Images of any size; the model sees ${imageShape.width} × ${imageShape.height}. Model ${model.version}, Harrier ${version}.</p>
<pre>${commands.join('\n')}</pre>
<p><a href="/openapi.json">OpenAPI</a> · <a href="/metrics">metrics</a> · <a href="/readyz">ready?</a></p>
</html>
`;
  return {
    type: 'text/html; charset=utf-8',
    body: body.markup,
    headers: { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" },
  };
}
