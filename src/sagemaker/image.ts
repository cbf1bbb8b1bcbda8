/** What the Dockerfile depends on. */
export interface ImageOptions {
  /** The packed Harrier beside it. */
  readonly archive: string;
  /** Version of Node.js. */
  readonly node: string;
}

/** Files of onnxruntime-node for other systems than the image's: most of its size. */
const FOREIGN = ['darwin', 'win32', 'linux/arm64'];

/**
 * A Dockerfile of two stages: the first installs, the second is what runs. It serves training and inference, which
 * SageMaker starts as `<image> train` and `<image> serve`.
 */
export function dockerfile({ archive, node }: ImageOptions): string {
  const prune = FOREIGN.map((system) => `node_modules/onnxruntime-node/bin/*/${system}`).join(
    ' \\\n         ',
  );
  return `# Harrier for AWS SageMaker: training and inference in one image.
#
# Build it (SageMaker takes Docker's format, not OCI's, and no provenance beside it):
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

# The Node.js that wrote this file. For a build that never changes, pin its digest: node:${node}-bookworm-slim@sha256:…
ARG NODE=node:${node}-bookworm-slim

FROM \${NODE} AS install
WORKDIR /opt/harrier
COPY ${archive} ./
# Production dependencies alone, and of ONNX Runtime only what this system runs.
RUN npm install --omit=dev --ignore-scripts --no-audit --no-fund ./${archive} \\
 && rm -rf ${archive} ${prune} \\
 && npm cache clean --force

FROM \${NODE}
# npm is of no use in here, and one thing less to keep up to date.
RUN rm -rf /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx
ENV NODE_ENV=production HARRIER_CACHE=/tmp/harrier
COPY --from=install /opt/harrier /opt/harrier
WORKDIR /tmp
EXPOSE 8080
# SageMaker starts training as root and writes to /opt/ml, so there is no USER here; serve steps down to the user
# "node" by itself. Exec form: signals reach Harrier.
ENTRYPOINT ["node", "/opt/harrier/node_modules/harrier/bin/harrier.js", "sagemaker", "container"]
CMD ["serve"]
`;
}

/** Nothing but the packed Harrier goes to the builder. */
export function dockerignore(archive: string): string {
  return `*\n!${archive}\n`;
}

/** The configuration that the other commands read, with every setting explained. */
export function configText(): string {
  return `// What \`npx harrier sagemaker …\` need not be told each time. Options on the command line go before it.
export default {
  // The role that SageMaker works as (ARN or name). It needs AmazonSageMakerFullAccess, or less: read the data, write
  // the bucket, pull the image, write logs.
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
};
`;
}
