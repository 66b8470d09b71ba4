# Temporal's native core needs glibc: no Alpine.
FROM node:24-bookworm-slim
WORKDIR /opt/slipway
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional
COPY api api
COPY topology topology
COPY policy policy
COPY machine machine
COPY workflows workflows
COPY activities activities
COPY worker worker
COPY client client
USER node
CMD ["node", "worker/main.ts"]
