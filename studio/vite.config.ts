import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const below = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where `npx harrier studio` answers while the page is developed. */
const SERVER = 'http://127.0.0.1:3000';

/** As Studio's server sends them: without both, WebAssembly has no threads. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: below('.'),
  // Relative, so that the page works below any folder.
  base: './',
  resolve: {
    alias: [
      { find: /^harrier$/, replacement: below('../src/index.ts') },
      { find: /^harrier\/web$/, replacement: below('../src/platform/web/index.ts') },
      { find: /^harrier\/src\//, replacement: below('../src/') },
    ],
  },
  build: {
    // dist/studio holds the server's compiled source.
    outDir: below('../dist/page'),
    emptyOutDir: true,
    // What has light-dark(), WebAssembly SIMD and module workers.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    manifest: true,
    modulePreload: { polyfill: false },
    // Nothing as data: URLs, which the content-security policy allows for pictures alone.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: { headers: ISOLATION, proxy: { '/api': SERVER } },
  preview: { headers: ISOLATION },
});
