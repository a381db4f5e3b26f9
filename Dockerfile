# syntax=docker/dockerfile:1
FROM node:22-bookworm-slim AS build
# For better-sqlite3, where no prebuilt binary can be had.
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# The headers that the image brings along, so that a build needs no others.
ENV npm_config_nodedir=/usr/local
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM build AS pruned
RUN npm prune --omit=dev

# The pretended Zoho CRM, for rehearsals. It needs development packages.
FROM node:22-bookworm-slim AS simulator
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 4000
CMD ["node", "dist/simulator/main.js", "--host", "0.0.0.0", "--port", "4000"]

# The product: worker and API in one process, or one of them by another command.
FROM node:22-bookworm-slim AS mirror
ENV NODE_ENV=production BIND_ADDRESS=0.0.0.0 MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
# The SQLite default writes into the working directory.
RUN chown node:node /app
COPY --from=pruned /app/package.json ./
COPY --from=pruned /app/node_modules ./node_modules
COPY --from=pruned /app/dist ./dist
USER node
EXPOSE 8080 9464 9465
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=2", "--max-old-space-size=256", "dist/src/start.js"]
