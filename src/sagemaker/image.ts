/** What the Dockerfile depends on. */
export interface ImageOptions {
  /** The packed Harrier beside it. */
  readonly archive: string;
  /** The image to build on, best with its digest: `node:24-bookworm-slim@sha256:…`. */
  readonly base?: string;
  /** Whether a package-lock.json stands beside it. */
  readonly isLocked: boolean;
}

/** Node.js 24 gets security updates until April 2028. */
export const BASE_IMAGE = 'node:24-bookworm-slim';

/**
 * A Dockerfile in three stages: the first installs, the second serves alone and as the user "node", the third is what
 * SageMaker starts as `<image> train` and `<image> serve`.
 */
export function dockerfile({ archive, base = BASE_IMAGE, isLocked }: ImageOptions): string {
  const install = isLocked
    ? 'npm ci --omit=dev --ignore-scripts --no-audit --no-fund'
    : `npm install --omit=dev --ignore-scripts --no-audit --no-fund ./${archive}`;
  const pinned = base.includes('@sha256:')
    ? `# Its digest makes this the same image at each build. Look for security updates: docker pull ${base.split('@')[0]}`
    : `# Pin its digest, so that each build uses the same: docker buildx imagetools inspect ${base}`;
  return `# Harrier for AWS SageMaker: training and inference in one image.
#
# Build it (SageMaker takes Docker's format, not OCI's, and no provenance beside it). What is installed follows the
# platform of the build.
#
#   docker buildx build --platform linux/amd64 --provenance=false --output type=docker -t harrier .
#
# Push it to your account's registry, once per version:
#
#   REGISTRY=ACCOUNT.dkr.ecr.REGION.amazonaws.com
#   aws ecr create-repository --repository-name harrier            # the first time
#   aws ecr get-login-password | docker login --username AWS --password-stdin $REGISTRY
#   docker tag harrier $REGISTRY/harrier && docker push $REGISTRY/harrier
#
# With buildah: buildah bud --format docker -t harrier .
#
# To serve elsewhere than on SageMaker, build the stage that never is root: --target serve.

${pinned}
ARG NODE=${base}

FROM \${NODE} AS install
WORKDIR /opt/harrier
COPY ${isLocked ? 'package.json package-lock.json ' : ''}${archive} ./
# Production dependencies alone, and of ONNX Runtime only what this system runs.
RUN ${install} \\
 && rm -rf ${archive} \\
 && keep="linux/$(node -p process.arch)" \\
 && for system in node_modules/onnxruntime-node/bin/*/*/*; do \\
      case "$system" in */"$keep") ;; *) rm -rf "$system" ;; esac; \\
    done \\
 && npm cache clean --force

FROM \${NODE} AS serve
# npm is of no use in here, and one thing less to keep up to date.
RUN rm -rf /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx
# Two arenas: with one for each thread the C library keeps memory that nothing uses any more.
ENV NODE_ENV=production HARRIER_CACHE=/tmp/harrier MALLOC_ARENA_MAX=2
COPY --from=install /opt/harrier /opt/harrier
WORKDIR /tmp
EXPOSE 8080
# It listens where SAGEMAKER_BIND_TO_PORT says, so it may be part of an inference pipeline; it can hold several models.
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
LABEL com.amazonaws.sagemaker.capabilities.multi-models=true
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \\
  CMD ["node", "-e", "fetch(\`http://127.0.0.1:\${process.env.SAGEMAKER_BIND_TO_PORT || 8080}/ping\`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The user "node", by number: Kubernetes tells only of numbers that they are not root.
USER 1000:1000
# Exec form: signals reach Harrier.
ENTRYPOINT ["node", "/opt/harrier/node_modules/harrier/bin/harrier.js", "sagemaker", "container"]
CMD ["serve"]

# SageMaker gives training jobs a folder that only root may write to. "serve" steps down to the user "node" by itself.
FROM serve AS sagemaker
# hadolint ignore=DL3002
USER root
`;
}

/** Nothing but the packed Harrier and what it is installed by goes to the builder. */
export function dockerignore(archive: string): string {
  return `*\n!${archive}\n!package.json\n!package-lock.json\n`;
}

/** The package that installs the packed Harrier, so that a lockfile can fix what else is installed. */
export function imagePackage(archive: string): string {
  const content = { name: 'harrier-image', private: true, dependencies: { harrier: `file:${archive}` } };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** The configuration that the other commands read, with every setting explained. */
export function configText(): string {
  return `// What \`npx harrier sagemaker …\` need not be told each time. Options on the command line go before it.
export default {
  // The role that SageMaker works as (ARN or name). "npx harrier sagemaker policy role" prints the rights that it needs.
  role: 'SageMakerExecutionRole',

  // Default: AWS_REGION, or the region of your profile.
  // region: 'eu-west-1',

  // For uploads and results. Default: sagemaker-REGION-ACCOUNT, made when it is not there.
  // bucket: 'my-bucket',

  // The image in your account's registry, as the Dockerfile's first lines push it.
  image: 'harrier:latest',

  // Training uses every core of one machine.
  trainInstanceType: 'ml.c7i.2xlarge',

  // Endpoints bill from creation until \`npx harrier sagemaker delete\`.
  deployInstanceType: 'ml.m7i.large',

  // Your VPC, KMS key and tags, where your account demands them.
  // subnets: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
  // securityGroups: 'sg-0123456789abcdef0',
  // networkIsolation: true,
  // kmsKey: 'alias/my-key',
  // tags: { team: 'vision' },
};
`;
}
