import { expect, it } from 'vitest';
import { withoutSecrets } from './worker.ts';

it('gives processes what they need of the environment, and none of its secrets', () => {
  const needed = {
    PATH: '/usr/bin',
    Path: 'C:\\Windows',
    HOME: '/home/ann',
    SystemRoot: 'C:\\Windows',
    LC_ALL: 'C.UTF-8',
    LD_LIBRARY_PATH: '/opt/lib',
    MALLOC_ARENA_MAX: '2',
    UV_THREADPOOL_SIZE: '8',
    VIPS_CONCURRENCY: '1',
    // Yarn's Plug'n'Play loads itself by it.
    NODE_OPTIONS: '--require ./.pnp.cjs',
  };
  const secrets = {
    HARRIER_TOKEN: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=x',
    HTTPS_PROXY: 'http://ann:x@proxy',
    DATABASE_URL: 'postgres://ann:x@db',
    SENTRY_DSN: 'https://x@sentry',
    NODE_AUTH_TOKEN: 'x',
    MY_PATH: 'x',
  };
  expect(withoutSecrets({ ...secrets, ...needed })).toEqual(needed);
});
