# Pinned by exact version. For a base that cannot change at all add its digest:
#   docker build --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:... .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# scripts of dependencies build and fetch what only development needs
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN ./node_modules/.bin/tsc -p tsconfig.build.json && ./node_modules/.bin/vite build src/page

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# no scripts and no optional packages: the embedded PostgreSQL stays out, DATABASE_URL names one
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM ${NODE_IMAGE}
# the program needs node alone, and so does whoever breaks into it
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx \
    /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn*
ENV NODE_ENV=production \
    FLOW_HTTP_PORT=9464 \
    FLOW_LOG=json \
    FLOW_DATA_DIR=/var/lib/flow
WORKDIR /app
RUN install -d -o 1000 -g 1000 /var/lib/flow
# owned by root: the program cannot change itself
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
# by number, so that an orchestrator can see that it is not root
USER 1000:1000
VOLUME /var/lib/flow
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FLOW_HTTP_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# node is process 1 and drains on SIGTERM; docs/security.md has the command line to run it with
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["run"]
