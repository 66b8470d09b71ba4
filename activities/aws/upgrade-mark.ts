/**
 * Upgrade mark: the tags of etcd volumes by which an upgrade says as which minor Kubernetes serves, and that it is committed.
 *
 * Owns: writing one of them on all volumes, and seeing it there before the step is done: a machine that is ended by a later step boots
 * by it. Neighbours: `words/emulation.ts` spells the tags; `agent/emulation.ts` acts on them; `etcd-volume.ts` gives them to a new disk.
 * Invariants: I2 (who finds it written writes nothing), I5 in spirit (a commit is never taken back: what was stored since would be lost).
 */
import { CreateTagsCommand, paginateDescribeVolumes, type Volume } from '@aws-sdk/client-ec2';
import { compareMinors, type Minor, minorIn } from '../../api/minor.ts';
import { COMMITTED_TAG, UPGRADE_TAGS } from '../../words/emulation.ts';
import type { Candidate, Made, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError, notYet, supersededError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { filter, readAll, tagRecord } from './tags.ts';
import { exists } from './volumes.ts';

const AGAIN_MS = 1_000;

type Mark = Wanted<'upgrade-mark'>;

const committedOn = ({ Tags }: Volume): Minor | undefined => minorIn(tagRecord(Tags)[COMMITTED_TAG]);

/** What would be lowered, or emulated below the floor. */
const refuseBelow = (volumes: readonly Volume[], { mark, minor }: Mark['properties']): void => {
  for (const volume of volumes) {
    const committed = committedOn(volume);
    if (committed === undefined || compareMinors(committed, minor) <= 0) continue;
    throw blockedError(
      `Volume ${volume.VolumeId ?? '?'} is committed to Kubernetes ${committed}, so that ${mark === 'committed' ? 'it is not committed to' : 'nothing over it serves as'} ` +
        `${minor} any more: what ${committed} has stored would be lost. Upgrade to ${committed} or newer.`,
    );
  }
};

export const upgradeMarkDriver = ({ ec2 }: Pick<AwsClients, 'ec2'>): ResourceDriver<'upgrade-mark'> => {
  const volumesOf = async ({ properties, signal }: Mark): Promise<readonly Volume[]> => {
    const found = await readAll(
      paginateDescribeVolumes(
        { client: ec2 },
        { Filters: [filter('volume-id', ...properties.volumeIds)] },
        { abortSignal: signal },
      ),
      (page) => page.Volumes,
    );
    return found.filter(exists);
  };

  const unmarked = (volumes: readonly Volume[], { mark, minor }: Mark['properties']): readonly string[] =>
    volumes.flatMap(({ VolumeId, Tags }) =>
      VolumeId === undefined || tagRecord(Tags)[UPGRADE_TAGS[mark]] === minor ? [] : [VolumeId],
    );

  const create = async (wanted: Mark): Promise<Made> => {
    const { properties } = wanted;
    const { mark, minor, volumeIds } = properties;
    const volumes = await volumesOf(wanted);
    const gone = volumeIds.filter((id) => !volumes.some(({ VolumeId }) => VolumeId === id));
    if (gone.length > 0) throw supersededError(`${gone.join(', ')}, which ${wanted.key} was to mark, is gone.`);
    refuseBelow(volumes, properties);
    const Resources = [...unmarked(volumes, properties)];
    if (Resources.length === 0) return { outputs: {}, change: 'unchanged' };
    // AWS tags all of them or none.
    await ec2.send(new CreateTagsCommand({ Resources, Tags: [{ Key: UPGRADE_TAGS[mark], Value: minor }] }));
    const unseen = unmarked(await volumesOf(wanted), properties);
    if (unseen.length === 0) return { outputs: {} };
    throw notYet(
      `Waiting to see tag ${UPGRADE_TAGS[mark]} on ${unseen.join(', ')}: it has just been written.`,
      AGAIN_MS,
    );
  };

  return {
    kind: 'upgrade-mark',
    // Whether it is there is looked at by `create`, each time.
    candidates: (): Promise<readonly Candidate<'upgrade-mark'>[]> => Promise.resolve([]),
    create,
    update: () => Promise.resolve({ outputs: {} }),
    /** The marks stay: each disk remembers them anyhow. */
    remove: () => Promise.resolve(),
  };
};
