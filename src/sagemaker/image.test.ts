import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { BASE_IMAGE, dockerfile, dockerignore, imagePackage } from './image.ts';

const DIGEST = `${BASE_IMAGE}@sha256:${'a'.repeat(64)}`;
const text = dockerfile({ archive: 'harrier-1.2.3.tgz', base: DIGEST, isLocked: true });
/** The instructions alone, each on one line. */
const lines = text
  .replace(/\\\n/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

it('builds on the image of that digest, and installs what the lockfile fixes', () => {
  expect(lines[0]).toBe(`ARG NODE=${DIGEST}`);
  expect(lines).toContain('COPY package.json package-lock.json harrier-1.2.3.tgz ./');
  expect(lines.find((line) => line.startsWith('RUN npm'))).toMatch(
    /^RUN npm ci --omit=dev --ignore-scripts /,
  );
  const files = dockerignore('harrier-1.2.3.tgz').split('\n');
  for (const name of ['harrier-1.2.3.tgz', 'package.json', 'package-lock.json']) {
    expect(files).toContain(`!${name}`);
  }
  expect(JSON.parse(imagePackage('harrier-1.2.3.tgz')).dependencies).toEqual({
    harrier: 'file:harrier-1.2.3.tgz',
  });
});

it('installs the archive alone where there is no lockfile', () => {
  const unlocked = dockerfile({ archive: 'harrier-1.2.3.tgz', isLocked: false });
  expect(unlocked).toContain('COPY harrier-1.2.3.tgz ./');
  expect(unlocked).toMatch(/RUN npm install .* \.\/harrier-1\.2\.3\.tgz/);
  expect(unlocked).toContain(
    `Pin its digest, so that each build uses the same: docker buildx imagetools inspect ${BASE_IMAGE}`,
  );
});

it('keeps of ONNX Runtime what the platform of the build runs', () => {
  expect(text).toContain('keep="linux/$(node -p process.arch)"');
  expect(text).not.toMatch(/linux\/arm64|linux\/x64/);
});

it('may listen where SageMaker says, tells its health, and serves as another user than root', () => {
  expect(lines).toContain('LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true');
  expect(lines).toContain('LABEL com.amazonaws.sagemaker.capabilities.multi-models=true');
  expect(lines.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
  const serve = lines.slice(
    lines.findIndex((line) => line.endsWith(' AS serve')),
    lines.findIndex((line) => line.endsWith(' AS sagemaker')),
  );
  expect(serve.findLast((line) => line.startsWith('USER '))).toBe('USER 1000:1000');
  // Training jobs write to a folder that belongs to root.
  expect(lines.at(-1)).toBe('USER root');
});

it('builds at the root an image that is never root, tells its health and gets signals', async () => {
  const root = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const last = root.slice(root.lastIndexOf('\nFROM '));
  expect(last.match(/^USER .*$/gm)).toEqual(['USER 1000:1000']);
  expect(last).toMatch(/^HEALTHCHECK /m);
  expect(last).toMatch(/^ENTRYPOINT \["harrier"\]$/m);
  expect(last).toContain('rm -rf /usr/local/lib/node_modules/npm');
  // One place names the base, and its digest pins all stages.
  const bases = root.match(/^(ARG NODE=|FROM ).*$/gm)?.map((line) => line.replaceAll('$', ''));
  expect(bases).toEqual([
    expect.stringMatching(new RegExp(`^ARG NODE=${BASE_IMAGE}@sha256:[0-9a-f]{64}$`)),
    'FROM --platform=BUILDPLATFORM {NODE} AS build',
    'FROM {NODE} AS install',
    'FROM {NODE}',
  ]);
});
