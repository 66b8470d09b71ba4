/**
 * Emulation: what this replica's Kubernetes may start as, read from the tags of its volume and from the volume's own disk.
 *
 * Owns: reading both, remembering on the disk before anything follows from it, and waiting where nothing may start. Neighbours:
 * `machine/emulation.ts` decides; `components.ts` starts; `orders.ts` reads the tags over and over, and says here what they say.
 * Invariants: I9 (what may not start says why, and what ends it), I11 (a disk that remembers needs no answer from EC2).
 */

import { decideKubernetesStart, type KubernetesStart, minorFile } from '../machine/emulation.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../words/emulation.ts';
import { wholeMessageOf } from '../words/failure.ts';
import { REPORT_TAG, reportText } from '../words/orders.ts';
import type { Ec2 } from './aws/ec2.ts';
import { readIfThere, writeDurably } from './files.ts';
import type { Log } from './log.ts';
import { again, done, persist } from './persist.ts';

/** Tags of the etcd volume; undefined where they could not be read. */
export type VolumeTags = Readonly<Record<string, string>> | undefined;
export type AllowedStart = Extract<KubernetesStart, { kind: 'start' }>;

export type Emulation = {
  /** What may start by these tags. What is to be remembered is on the disk by then. */
  readonly decide: (tags: VolumeTags) => Promise<KubernetesStart>;
  /** Resolves once anything may start. `tags` are those that were read last, should EC2 not answer now. */
  readonly untilAllowed: (tags: VolumeTags, signal: AbortSignal) => Promise<AllowedStart>;
  /** Whether an API server that ended by itself may start again, by what the disk remembers. */
  readonly mayStartAgain: () => Promise<boolean>;
};

export type EmulatingReplica = {
  readonly volumeId: string;
  /** Root of the volume's file system. */
  readonly folder: string;
  /** Kubernetes as user data says it. */
  readonly version: string;
  readonly instanceId: string;
  readonly ec2: Pick<Ec2, 'volume' | 'tag'>;
  readonly log: Log;
};

/** How often tags are looked at while nothing may start. */
const PACE = { firstMillis: 2_000, maxMillis: 15_000 };

/** Which tags a decision came from, for the log. */
const marksIn = (tags: VolumeTags): Readonly<Record<string, string>> => ({
  emulates: tags?.[EMULATES_TAG] ?? '',
  committed: tags?.[COMMITTED_TAG] ?? '',
});

type Decide = Emulation['decide'];

/** Decides by the file and keeps it, one decision after the other, since each may write it. */
const decider = ({ volumeId, folder, version, log }: EmulatingReplica): Decide => {
  const file = minorFile(folder);
  /** The same as the file, should somebody remove that under a living agent. */
  let memory: string | undefined;
  let deciding: Promise<unknown> = Promise.resolve();

  const look = async (tags: VolumeTags): Promise<KubernetesStart> => {
    const onDisk = await readIfThere(file);
    const start = decideKubernetesStart({ volumeId, file, version, tags, remembered: onDisk ?? memory });
    const remember = start.remember ?? (onDisk === undefined ? memory : undefined);
    if (remember !== undefined) {
      await writeDurably(file, `${remember.trim()}\n`);
      log.info(`The etcd disk is at Kubernetes ${remember.trim()} from now on`, { file, ...marksIn(tags) });
    }
    memory = remember ?? onDisk;
    return start;
  };

  return (tags) => {
    const decided = deciding.then(() => look(tags));
    deciding = decided.catch(() => undefined);
    return decided;
  };
};

/** Says once for each reason that nothing may start: orders are not looked for yet, so that nobody else would hear of it. */
const reporter = ({ volumeId, instanceId, ec2, log }: EmulatingReplica): ((why: string) => Promise<void>) => {
  let reported: string | undefined;
  return async (why) => {
    if (why === reported) return;
    try {
      await ec2.tag(volumeId, { [REPORT_TAG]: reportText({ token: instanceId, result: 'failed', why }) });
      reported = why;
    } catch (thrown) {
      log.warn(`That nothing may start could not be reported: ${wholeMessageOf(thrown)}`);
    }
  };
};

export const createEmulation = (replica: EmulatingReplica): Emulation => {
  const { volumeId, version, ec2, log } = replica;
  const decide = decider(replica);
  const report = reporter(replica);

  const tagsNow = async (last: VolumeTags): Promise<VolumeTags> => {
    try {
      return (await ec2.volume(volumeId))?.tags ?? last;
    } catch (thrown) {
      log.warn(`The tags of volume ${volumeId} could not be read: ${wholeMessageOf(thrown)}`);
      return last;
    }
  };

  return {
    decide,
    untilAllowed: (tags, signal) =>
      persist({
        what: `Starting Kubernetes ${version}`,
        log,
        signal,
        pace: PACE,
        attempt: async () => {
          const start = await decide(await tagsNow(tags));
          if (start.kind === 'start') return done(start);
          await report(start.reason);
          return again(start.reason);
        },
      }),
    mayStartAgain: async () => {
      const start = await decide(undefined);
      if (start.kind === 'wait') log.error(`Kubernetes ${version} stays ended: ${start.reason}`);
      return start.kind === 'start';
    },
  };
};
