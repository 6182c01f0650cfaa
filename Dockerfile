# The service with the documents example. For an application of your own: the same stages, with its module in CMD.

FROM node:26-bookworm-slim AS base
WORKDIR /app
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
COPY package.json package-lock.json .npmrc ./

# The compiler needs no install scripts; leaving them out also leaves out the development copy of Node.
FROM base AS build
RUN npm ci --include=dev --ignore-scripts
COPY . .
RUN node scripts/prepare.mjs --build && chmod +x dist/src/cli/main.js

# What runs. The example's own packages are development dependencies of the repository, so these are installed as well and
# the tools are taken out again; a tool that is not named here makes the image larger, never wrong.
FROM base AS dependencies
RUN npm ci --include=dev \
  && npm uninstall @seriousme/openapi-schema-validator @types/koa @types/node @types/pg fast-check knip node \
  oxfmt oxlint oxlint-tsgolint pdf-lib publint typescript vitest

FROM node:26-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY migrations migrations
# The service shows its page of errors.
COPY docs docs
# Without DATABASE_URL the embedded Postgres keeps its data here: mount a volume, or it goes with the container.
RUN mkdir .holdfast && chown node:node .holdfast && ln -s /app/dist/src/cli/main.js /usr/local/bin/holdfast

USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/cli/main.js", "start", "dist/examples/01-documents/app.js"]
