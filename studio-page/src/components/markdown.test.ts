import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { expect, test } from 'vitest';
import { Markdown } from './markdown.tsx';

const html = (text: string) => renderToString(h(Markdown, { text, level: 3 }));

test('headings, tables, lists and code become elements', () => {
  const text =
    '# A & B\n\n**95%** of `x/y`:\n\n| Class | Images |\n| --- | ---: |\n| a\\|b | 7 |\n\n- one\n\n```sh\nnpx <b>\n```\n';
  expect(html(text)).toBe(
    '<div class="markdown"><h3>A &amp; B</h3><p><strong>95%</strong> of <code>x/y</code>:</p>' +
      '<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Class</th>' +
      '<th scope="col" class="numeric">Images</th></tr></thead><tbody><tr><th scope="row">a|b</th>' +
      '<td class="numeric">7</td></tr></tbody></table></div><ul><li>one</li></ul>' +
      '<pre tabindex="0"><code>npx &lt;b></code></pre></div>',
  );
});

test('nothing of the text becomes HTML, and no link runs a script', () => {
  const text =
    '<img src=x onerror=alert(1)>\n\nx <script>y</script> [a](javascript:alert(1)) [b](https://c.d) ![i](https://e.f)';
  const made = html(text);
  expect(made).not.toMatch(/<(img|script)/);
  expect(made).not.toContain('href="javascript');
  expect(made).toContain('&lt;img src=x');
  expect(made).toContain('<a href="https://c.d"');
});
