/**
 * Sandbox: how long a person waits: `up` with the tools built, and from apply to three replicas and nine Ready nodes.
 *
 * Owns: the measurement and its budget. Neighbours: `cloud.ts` starts the sandbox, here with real machines, and
 * Temporal's data on disk, as everybody has it.
 */
import { inCloud } from './cloud.ts';
import { apply, removeAll, seedManifests, untilProvisioned } from './manifests.ts';
import { CAPA, range } from './peers.ts';
import { costsOf } from './processes.ts';
import type { Report } from './report.ts';

const MOST_SECONDS = 30;
const LIMIT_MS = 600_000;

type Measured = { readonly up: number; readonly create: number; readonly remove: number; readonly cpu: number };

const secondsSince = (began: number): number => (performance.now() - began) / 1_000;

const measure = (): Promise<Measured> =>
  inCloud({ stub: false, temporal: 'file' }, async (cloud) => {
    const manifests = seedManifests();
    const began = performance.now();
    await apply(cloud, manifests);
    await untilProvisioned(cloud, manifests.length, LIMIT_MS);
    const create = secondsSince(began);
    const cpu = [...costsOf(cloud.status().parts).values()].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    const deleted = performance.now();
    await removeAll(cloud, LIMIT_MS);
    return { up: cloud.upMilliseconds / 1_000, create, remove: secondsSince(deleted), cpu };
  });

export const run = async (): Promise<Report> => {
  const { up, create, remove, cpu } = await measure();
  return {
    bench: 'sandbox',
    budgets: [
      { what: '`up`, tools built', measured: up, unit: 's', most: MOST_SECONDS },
      { what: 'apply to three replicas and nine Ready nodes', measured: create, unit: 's', most: MOST_SECONDS },
    ],
    tables: [
      {
        title: 'A sandbox with real machines, in s',
        columns: ['WHAT', 'SLIPWAY', 'CLUSTER API, NO LATENCY, NO MACHINES'],
        rows: [
          ['up', up, ''],
          ['create: three replicas, three pools of three nodes', create, CAPA.createSecondsWithoutLatency],
          ['delete', remove, range(CAPA.deleteSeconds)],
        ],
      },
    ],
    notes: [
      'Load balancers and machines are in a hurry (SLIPWAY_PACE=quick): at AWS’s pace targets are known two minutes later.',
      `${cpu.toFixed(0)} CPU-seconds went by in all parts of the sandbox until then: on two cores nothing is faster than half of that.`,
      'Etcd, API servers, controllers and kubelet doubles of three replicas and nine nodes run on this computer, beside Slipway.',
    ],
  };
};
