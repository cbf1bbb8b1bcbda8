import { fileURLToPath } from 'node:url';

// What the page may import: the neutral core, the web platform, and of the server's side the types alone. The rules of
// the core itself are in the file beside package.json.
const CORE =
  'onnx|ops|autodiff|passes|kernels|layers|losses|metrics|optimizers|data|runtime|models|applications|backbones|heads|format|evaluation|explanation|training|recipes|report|runs|sweeps|publishing';
const ours = { path: '^studio-page/src/', pathNot: '[.]test[.]ts$' };

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: { path: '^studio-page/' }, to: { circular: true } },
    {
      name: 'page-imports-what-runs-in-a-page',
      comment: 'Of the server api.ts alone, which holds nothing but types.',
      severity: 'error',
      from: ours,
      to: {
        path: '^harrier/',
        pathNot: `^harrier/(graph|web|src/((${CORE})/.+|platform/(web/.+|[^/]+[.]ts)|studio-server/api[.]ts|[^/]+[.]ts))$`,
      },
    },
    {
      name: 'source-by-its-name',
      comment:
        'Harrier itself is imported as harrier, harrier/graph, harrier/web or harrier/src/…, never by a path out of studio-page/.',
      severity: 'error',
      from: ours,
      to: { path: '^src/' },
    },
    {
      name: 'no-node-in-the-page',
      severity: 'error',
      from: ours,
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'few-packages-in-the-page',
      comment: 'Whatever it imports is sent to every user: docs/dependencies.md says what for.',
      severity: 'error',
      from: ours,
      to: {
        path: 'node_modules/',
        pathNot:
          'node_modules/(fflate/|junk/|marked/|nanotar/|zod/mini/|preact/|@preact/signals|uplot|onnxruntime-web/dist/[^/]+[.]wasm)',
      },
    },
    {
      name: 'components-know-no-views',
      severity: 'error',
      from: { path: '^studio-page/src/components/' },
      to: { path: '^studio-page/src/views/' },
    },
    {
      name: 'views-know-no-other-views',
      severity: 'error',
      from: { path: '^studio-page/src/views/([^/]+)/' },
      to: { path: '^studio-page/src/views/', pathNot: '^studio-page/src/views/$1/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|^src/' },
    tsConfig: { fileName: fileURLToPath(new URL('tsconfig.json', import.meta.url)) },
  },
};
