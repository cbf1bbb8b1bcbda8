# Harrier in a container: train, predict, serve and all other commands. Built from a checkout:
#
#   docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.org/harrier:1 --push .
#   docker run --rm -v "$PWD:/work" registry.example.org/harrier:1 train --data photos
#   docker run --rm --read-only --tmpfs /tmp -v "$PWD:/work:ro" -p 8080:8080 registry.example.org/harrier:1 \
#     serve runs/mine --host 0.0.0.0 --port 8080
#
# Optional packages go in with --build-arg EXTRA="@aws-sdk/client-s3": those of s3:// addresses, or of OpenTelemetry.
#
# Node 24.18.0 for amd64 and arm64. For a newer one: docker buildx imagetools inspect node:24-bookworm-slim
ARG NODE=node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d

# The package is the same for every processor: it is made once, by that of the machine that builds.
FROM --platform=$BUILDPLATFORM ${NODE} AS build
WORKDIR /source
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund \
 && npm pack --silent --ignore-scripts=false --pack-destination /tmp

FROM ${NODE} AS install
WORKDIR /opt/harrier
COPY --from=build /tmp/harrier-*.tgz ./
ARG EXTRA=""
# Production dependencies alone, and of ONNX Runtime only what this system runs.
RUN npm install --omit=dev --ignore-scripts --no-audit --no-fund ./harrier-*.tgz $EXTRA \
 && rm harrier-*.tgz \
 && keep="linux/$(node -p process.arch)" \
 && for system in node_modules/onnxruntime-node/bin/*/*/*; do \
      case "$system" in */"$keep") ;; *) rm -rf "$system" ;; esac; \
    done \
 && npm cache clean --force

FROM ${NODE}
RUN rm -rf /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx \
 && ln -s /opt/harrier/node_modules/harrier/bin/harrier.js /usr/local/bin/harrier
COPY --from=install /opt/harrier /opt/harrier
# Only /work and /tmp are written to: the root may be read-only. Two arenas keep less memory that nothing uses.
ENV NODE_ENV=production HARRIER_CACHE=/tmp/harrier MALLOC_ARENA_MAX=2
WORKDIR /work
# The user "node", by number: Kubernetes tells only of numbers that they are not root.
USER 1000:1000
EXPOSE 8080
# Of serve; other commands end before it is asked, or say --no-healthcheck to docker run.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Exec form: signals reach Harrier.
ENTRYPOINT ["harrier"]
CMD ["--help"]
