import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { CURVE_STYLE } from '../src/report/curve-chart.ts';
import { BASICS, FIGURES } from '../src/report/figure-style.ts';
import { SWITCHED_COLORS } from '../src/report/tokens.ts';

const below = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where `npx harrier studio` answers while the page is developed. */
const SERVER = 'http://127.0.0.1:3000';

/** As Studio's server sends them: without both, WebAssembly has no threads. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The style sheets that reports hold as text, as files to import: the page has no inline styles. */
function reportStyles(): Plugin {
  const sheets: Readonly<Record<string, string>> = {
    'virtual:report/basics.css': SWITCHED_COLORS + BASICS,
    'virtual:report/figures.css': FIGURES,
    'virtual:report/curve.css': CURVE_STYLE,
  };
  return {
    name: 'report-styles',
    resolveId: (id) => (Object.hasOwn(sheets, id) ? id : undefined),
    load: (id) => sheets[id],
  };
}

export default defineConfig({
  root: below('.'),
  // Relative, so that the page works below any folder.
  base: './',
  plugins: [reportStyles()],
  resolve: {
    alias: [
      { find: /^harrier$/, replacement: below('../src/index.ts') },
      { find: /^harrier\/graph$/, replacement: below('../src/graph.ts') },
      { find: /^harrier\/web$/, replacement: below('../src/platform/web/index.ts') },
      { find: /^harrier\/src\//, replacement: below('../src/') },
    ],
  },
  build: {
    // dist/studio-server holds the server's compiled source.
    outDir: below('../dist/page'),
    emptyOutDir: true,
    // What has light-dark(), WebAssembly SIMD and module workers.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    manifest: true,
    modulePreload: { polyfill: false },
    // Nothing as data: URLs, which the content-security policy allows for images alone.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: { headers: ISOLATION, proxy: { '/api': SERVER } },
  preview: { headers: ISOLATION },
});
