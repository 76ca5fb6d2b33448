FROM node:24.21.0-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# scripts of dependencies build and fetch what only development needs
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN ./node_modules/.bin/tsc -p tsconfig.build.json

FROM node:24.21.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# no scripts and no optional packages: the embedded PostgreSQL stays out, DATABASE_URL names one
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:24.21.0-slim
ENV NODE_ENV=production \
    FLOW_HTTP_HOST=0.0.0.0 \
    FLOW_HTTP_PORT=9464 \
    FLOW_LOG=json \
    FLOW_DATA_DIR=/var/lib/flow
WORKDIR /app
RUN install -d -o node -g node /var/lib/flow
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
USER node
VOLUME /var/lib/flow
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FLOW_HTTP_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# run it with DATABASE_URL and MASSIVE_API_KEY; node is process 1 and drains on SIGTERM
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["run"]
