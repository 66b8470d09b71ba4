/** The disk of one replica, which outlives its instances: it holds etcd's data. */
import { VOLUME_LIMITS } from '../api/aws-limits.ts';
import type { Minor } from '../api/minor.ts';
import type { EmptyDisk } from '../api/names.ts';
import type { Serves } from '../machine/serves.ts';
import { scheduleText } from '../words/backup-schedule.ts';
import { present } from '../words/present.ts';
import type { Resolved, Value } from '../words/references.ts';
import type { Difference, Nothing, Row, Tagged } from './row.ts';

export type VolumeProperties = {
  readonly sizeGiB: number;
  readonly type: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly kmsKeyId?: string;
};

export type EtcdVolumeProperties = VolumeProperties &
  Tagged & {
    readonly name: string;
    readonly availabilityZone: Value;
    readonly emptyDisk: EmptyDisk;
    /** By which agents keep snapshots by themselves. No schedule counts as one that was taken away. */
    readonly backup?: { readonly bucket: Value; readonly everyHours: number };
    /** The volume whose place it takes: it is made only if that one is gone. */
    readonly former?: string;
  };

export type EtcdVolumeState = {
  readonly name: string;
  readonly availabilityZone: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly iops?: number;
  /** MiB a second. */
  readonly throughput?: number;
  /** The volume's own tag: anything but `bootstrap` means that etcd was established once (I5). */
  readonly emptyDisk: EmptyDisk;
  /** The instance that it is attached to. */
  readonly holder?: string;
  /** What an upgrade says on it (`words/emulation.ts`). These are no differences: only steps of an upgrade write them. */
  readonly emulates?: Minor;
  readonly committed?: Minor;
  /** What the agent of its replica said last that it serves; nothing after it was told to leave. */
  readonly serves?: Serves;
  /** The machine that was told to take its API server out of service, and did. `until`: when the order ran out, in epoch seconds. */
  readonly left?: { readonly instanceId: string; readonly until: number };
  /** Why the agent of its holder starts nothing of Kubernetes. */
  readonly refuses?: string;
  /** The id of the last restore that is done (`words/restore.ts`). */
  readonly restored?: string;
  /** What its agent is told of snapshots, as the tag has it. */
  readonly backup?: string;
  /** AWS says that it failed, and that nothing on it can be read. */
  readonly failed?: true;
};

export type EtcdVolumeDifference = 'size' | 'type' | 'iops' | 'throughput' | 'backup' | 'failed';

const { iops: GP3_IOPS, throughput: GP3_THROUGHPUT } = VOLUME_LIMITS.gp3;

/**
 * Iops and throughput as AWS is asked for them. What a spec does not say of a gp3 volume is what AWS gives a new one: a number that was
 * taken out of the spec is taken back. Others have none of their own, or have to be told.
 */
export const performanceOf = ({ type, iops, throughput }: VolumeProperties): Pick<VolumeProperties, Numbers> =>
  present({
    iops: iops ?? (type === 'gp3' ? GP3_IOPS.baseline : undefined),
    throughput: throughput ?? (type === 'gp3' ? GP3_THROUGHPUT.baseline : undefined),
  });

type Numbers = 'iops' | 'throughput';

/** What nobody asked for differs only where AWS says what it is. */
const differs = (what: Numbers, wanted: EtcdVolumeProperties, is: EtcdVolumeState): boolean => {
  const asked = performanceOf(wanted)[what];
  return asked !== undefined && asked !== is[what] && (wanted[what] !== undefined || is[what] !== undefined);
};

/**
 * What the tag is to say; undefined where nothing is to be said. A worker that knows of no bucket leaves agents alone: those that know
 * of one go on (I11).
 */
export const backupTextOf = (
  { backup }: Resolved<EtcdVolumeProperties>,
  said: string | undefined,
): string | undefined => {
  if (backup === undefined) return said === undefined ? undefined : scheduleText(undefined);
  return backup.bucket === '' ? undefined : scheduleText(backup);
};

const backupDifference = (
  wanted: Resolved<EtcdVolumeProperties>,
  { backup: said }: EtcdVolumeState,
): Difference<EtcdVolumeDifference> | false => {
  const text = backupTextOf(wanted, said);
  if (text === undefined || text === said) return false;
  return { what: 'backup', says: `its agent is told of snapshots "${said ?? 'nothing'}", not "${text}"` };
};

export const etcdVolume: Row<EtcdVolumeProperties, EtcdVolumeState, Nothing, EtcdVolumeDifference> = {
  planned: 'when it differs',
  changesAws: true,
  tagged: true,
  irreplaceable: () => true,
  differences: (wanted, is) => {
    const asked = performanceOf(wanted);
    const all: readonly (Difference<EtcdVolumeDifference> | false)[] = [
      // A volume only grows; its file system follows.
      wanted.sizeGiB > is.sizeGiB && { what: 'size', says: `it has ${is.sizeGiB} GiB, not ${wanted.sizeGiB}` },
      wanted.type !== is.type && { what: 'type', says: `its type is ${is.type}, not ${wanted.type}` },
      differs('iops', wanted, is) && { what: 'iops', says: `it has ${is.iops ?? 'no'} iops, not ${asked.iops}` },
      differs('throughput', wanted, is) && {
        what: 'throughput',
        says: `its throughput is ${is.throughput ?? 'unknown'}, not ${asked.throughput}`,
      },
      backupDifference(wanted, is),
      is.failed === true && { what: 'failed', says: 'it is in the state error, and nothing on it can be read' },
    ];
    return all.filter((one) => one !== false);
  },
  removal: {
    // An instance that is going still holds it.
    after: ['auto-scaling-group'],
    of: 'the same machine',
    identity: () => ({}),
  },
};
