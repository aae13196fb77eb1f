# Sluice: controller and proxy in one image. `docker build -t sluice .`
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm ci --omit=dev

FROM gcr.io/distroless/cc-debian12:nonroot
WORKDIR /sluice
COPY --from=build /sluice/package.json ./
COPY --from=build /sluice/bin ./bin
COPY --from=build /sluice/dist ./dist
COPY --from=build /sluice/node_modules ./node_modules
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/node-compile-cache
ENTRYPOINT ["/sluice/node_modules/.bin/node", "/sluice/dist/cli/main.js"]
