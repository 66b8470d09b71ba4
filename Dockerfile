# Temporal's native core needs glibc: no Alpine.
FROM node:24-bookworm-slim
WORKDIR /opt/slipway
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional
COPY api api
COPY words words
COPY kubernetes kubernetes
COPY kinds kinds
COPY addons addons
COPY topology topology
COPY policy policy
COPY machine machine
COPY workflows workflows
COPY activities activities
COPY worker worker
COPY client client
ENV SLIPWAY_PACKED_WORKFLOWS=/opt/slipway/packed
# A worker that starts in a cluster need not pack workflows.
RUN node --input-type=module -e "import('/opt/slipway/worker/workflow-bundle.ts').then((bundle) => bundle.packWorkflows(process.env.SLIPWAY_PACKED_WORKFLOWS))"
USER node
CMD ["node", "worker/main.ts"]
