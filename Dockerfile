# Sluice: controller and proxy in one image. `docker build -t sluice .`
# Pin the bases by digest for a release: --build-arg BUILD_BASE=debian@sha256:… --build-arg RUNTIME_BASE=gcr.io/distroless/cc-debian12@sha256:…
# The defaults are tags: a digest in this file would need someone to raise it with every security update of its image.
ARG BUILD_BASE=debian:12-slim
ARG RUNTIME_BASE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_BASE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
# .npmrc turns install scripts off; Debian's npm does not know allowScripts of package.json.
RUN npm ci
COPY . .
RUN npm run build && npm ci --omit=dev

FROM ${RUNTIME_BASE}
WORKDIR /sluice
COPY --from=build /sluice/package.json ./
COPY --from=build /sluice/bin ./bin
COPY --from=build /sluice/dist ./dist
COPY --from=build /sluice/node_modules ./node_modules
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/node-compile-cache
ENTRYPOINT ["/sluice/node_modules/.bin/node", "/sluice/dist/cli/main.js"]
