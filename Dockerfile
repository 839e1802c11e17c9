# The image holds what `npm pack` ships, and the packages that the lock names. Node 24, no npm at run time, no root.
FROM node:24-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund \
 && npm run -s build \
 && npm pack --ignore-scripts --pack-destination /tmp \
 && mkdir /app && tar -xzf /tmp/postern-*.tgz -C /app --strip-components=1 \
 && cp package-lock.json .npmrc /app/ \
 && cd /app && npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm .npmrc

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=build /app /app
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* /usr/local/bin/yarn* \
 && ln -s /app/dist/main.js /usr/local/bin/postern \
 && mkdir -p /etc/postern /var/lib/postern && chown 1000:1000 /var/lib/postern
USER 1000:1000
WORKDIR /etc/postern
EXPOSE 3000 3001
VOLUME /var/lib/postern
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:3001/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve", "--config", "/etc/postern/postern.yaml"]
