/**
 * Metrics of objects: what the status of all clusters and node pools says, counted when it is asked for.
 *
 * Owns: names, and which conditions have something to say. Neighbours: `policy/status.ts` writes statuses, `metrics.ts` has the registry
 * and what is counted of Temporal. It is the same from every worker (take the maximum of them, not the sum); what can't be listed is
 * not shown at all, rather than old. An object of a newer release is counted by what of it is understood.
 */
import { Gauge, type Registry } from 'prom-client';
import type { Condition } from '../api/status.ts';

/** What of an object is counted. */
export type CountedObject = {
  readonly kind: string;
  readonly status?: {
    readonly state?: string;
    readonly established?: boolean;
    readonly conditions?: readonly Pick<Condition, 'type' | 'status' | 'reason'>[];
    readonly backup?: { readonly lastSuccess?: { readonly time?: string } };
    readonly upgrade?: { readonly phase?: string; readonly soakingSince?: string };
  };
};

type Listed = () => Promise<readonly CountedObject[] | undefined>;

/** Of those that hold, all but these mean that somebody should know. */
const saysSomething = ({ type, status }: Pick<Condition, 'type' | 'status'>): boolean =>
  type === 'Ready' ? status !== 'True' : status === 'True';

const secondsSince = (times: readonly (string | undefined)[], now: number): readonly number[] =>
  times.flatMap((time) => (time === undefined ? [] : [(now - Date.parse(time)) / 1_000]));

const backupTimeOf = ({ status }: CountedObject): string | undefined => status?.backup?.lastSuccess?.time;

const countEach = (registers: Registry[], listed: Listed): void => {
  new Gauge({
    name: 'slipway_objects',
    help: 'Clusters and node pools by kind of object and by state, Pending where nobody has looked at them yet; the same from every worker',
    labelNames: ['kind', 'state'],
    registers,
    async collect() {
      const objects = await listed();
      this.reset();
      for (const { kind, status } of objects ?? []) this.inc({ kind, state: status?.state ?? 'Pending' });
    },
  });
  new Gauge({
    name: 'slipway_conditions',
    help: 'Clusters and node pools of which a condition is true, or Ready is not, by kind of object, type, status and reason; the same from every worker',
    labelNames: ['kind', 'type', 'status', 'reason'],
    registers,
    async collect() {
      const objects = await listed();
      this.reset();
      for (const { kind, status: of } of objects ?? []) {
        for (const { type, status, reason } of (of?.conditions ?? []).filter(saysSomething)) {
          this.inc({ kind, type, status, reason });
        }
      }
    },
  });
};

type Age = {
  readonly name: string;
  readonly help: string;
  readonly timesOf: (objects: readonly CountedObject[]) => readonly (string | undefined)[];
};

const AGES: readonly Age[] = [
  {
    name: 'slipway_backup_oldest_seconds',
    help: 'How old the newest whole snapshot is of the cluster whose newest is the oldest; 0 where no cluster has one',
    timesOf: (objects) => objects.map(backupTimeOf),
  },
  {
    name: 'slipway_soak_oldest_seconds',
    help: 'For how long the upgrade of a control plane soaks that has soaked for longest; 0 when none does',
    timesOf: (objects) =>
      objects.map(({ status }) => (status?.upgrade?.phase === 'Soaking' ? status.upgrade.soakingSince : undefined)),
  },
];

/** Registers all of them; `listed` answers every object there is, or undefined where nobody could list them. */
export const gaugeObjects = (registers: Registry[], listed: Listed): void => {
  countEach(registers, listed);
  new Gauge({
    name: 'slipway_clusters_without_backup',
    help: 'Clusters that hold data and have no whole snapshot; the same from every worker',
    registers,
    async collect() {
      const objects = await listed();
      if (objects === undefined) return this.remove();
      const bare = objects.filter((one) => one.status?.established === true && backupTimeOf(one) === undefined);
      return this.set(bare.filter(({ kind }) => kind === 'AWSCluster').length);
    },
  });
  for (const { name, help, timesOf } of AGES) {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const objects = await listed();
        if (objects === undefined) return this.remove();
        return this.set(Math.max(0, ...secondsSince(timesOf(objects), Date.now())));
      },
    });
  }
};
