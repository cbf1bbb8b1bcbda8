// Which room may import from which: everything flows one way (ARCHITECTURE.md). A room may import itself and the
// rooms listed for it, and `options`, on which all rooms stand; nothing else. Tests may import anything.
const ROOMS = {
  options: [],
  onnx: [],
  ops: ['onnx'],
  autodiff: ['onnx', 'ops'],
  passes: ['onnx', 'ops'],
  kernels: ['onnx'],
  layers: ['onnx', 'ops'],
  losses: ['onnx', 'ops'],
  metrics: ['onnx', 'ops'],
  optimizers: ['onnx', 'kernels'],
  data: [],
  runtime: ['onnx', 'passes'],
  models: ['onnx', 'ops', 'passes', 'layers', 'data', 'format', 'runtime'],
  format: [],
  evaluation: ['data', 'format'],
  explanation: ['onnx', 'ops', 'autodiff', 'passes', 'models', 'runtime'],
  training: [
    'onnx',
    'ops',
    'autodiff',
    'passes',
    'kernels',
    'layers',
    'losses',
    'metrics',
    'optimizers',
    'models',
    'data',
    'evaluation',
    'runtime',
  ],
  recipes: ['data', 'layers', 'losses', 'models', 'optimizers', 'training'],
  report: ['evaluation', 'format'],
  runs: [
    'data',
    'evaluation',
    'format',
    'losses',
    'models',
    'onnx',
    'optimizers',
    'recipes',
    'report',
    'runtime',
    'training',
  ],
  sweeps: ['data', 'evaluation', 'format', 'recipes', 'training'],
  benchmark: ['onnx', 'ops', 'passes', 'models', 'optimizers', 'recipes', 'runtime', 'training'],
};
const CORE = Object.keys(ROOMS);
const notTest = '[.]test[.]ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'neutral-core',
      comment: 'The core runs anywhere: no Node, no platform, and packages only that run anywhere too.',
      severity: 'error',
      from: { path: `^src/(${CORE.join('|')}|[^/]+$)`, pathNot: notTest },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev'],
        pathNot: 'node_modules/(@bufbuild/protobuf|preact|preact-render-to-string|zod)/',
      },
    },
    {
      name: 'preact-in-its-room-alone',
      comment: 'Figures are components, in reports as in Studio; who writes no report does not load Preact.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/report/|${notTest}` },
      to: { path: 'node_modules/preact' },
    },
    {
      name: 'report-is-loaded-when-one-is-written',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/report/|${notTest}` },
      to: { path: '^src/report/', dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    ...CORE.map((room) => ({
      name: `imports-of-${room}`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: notTest },
      to: { path: '^src/.+/', pathNot: `^src/(${[room, 'options', ...ROOMS[room]].join('|')})/` },
    })),
    {
      name: 'platform-below-cli',
      severity: 'error',
      from: { path: '^src/platform/', pathNot: notTest },
      to: { path: '^src/(cli|server|sagemaker|studio-server)/' },
    },
    {
      name: 'studio-below-cli',
      severity: 'error',
      from: { path: '^src/studio-server/', pathNot: notTest },
      to: { path: '^src/(cli|sagemaker)/' },
    },
    {
      name: 'schemas-in-their-room-alone',
      comment: 'One set of words for what is expected, and one place that decides how the library is loaded.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/options/|${notTest}` },
      to: { path: 'node_modules/zod/' },
    },
    {
      name: 'types-of-studio-for-both-sides',
      comment: 'The page imports them too: it has neither Node nor a server.',
      severity: 'error',
      from: { path: '^src/studio-server/api[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(data|evaluation|training)/' },
    },
    {
      name: 'server-below-cli',
      severity: 'error',
      from: { path: '^src/server/', pathNot: notTest },
      to: { path: '^src/(cli|sagemaker|studio-server)/' },
    },
    {
      name: 'no-dev-dependencies-in-the-package',
      comment:
        'The AWS SDK and onnxruntime-web are optional peers: here for the tests, there for who installs them. ' +
        'bench --web works in checkouts alone, with what is installed for development there.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/cli/bench/web/|${notTest}` },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/(@aws-sdk|onnxruntime-web)/' },
    },
    {
      name: 'browser-without-node',
      comment: 'What runs in browsers knows the core, ONNX Runtime for browsers, and nothing of Node.',
      severity: 'error',
      from: { path: '^src/platform/(web/|[^/]+$)', pathNot: notTest },
      to: {
        pathNot: `^src/(${CORE.join('|')})/|^src/[^/]+$|^src/platform/(web/|[^/]+$)|onnxruntime-web/`,
      },
    },
    {
      name: 'onnxruntime-web-in-its-room-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/platform/web/|${notTest}` },
      to: { path: 'onnxruntime-web/' },
    },
    {
      name: 'aws-in-its-room-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/sagemaker/client/|${notTest}` },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    {
      name: 'sagemaker-below-cli',
      severity: 'error',
      from: { path: '^src/sagemaker/', pathNot: notTest },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
