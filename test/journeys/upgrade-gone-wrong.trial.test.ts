/**
 * An upgrade that goes wrong: no room for a machine, one that never serves, a disk or a machine that is lost while it soaks or is committed,
 * Temporal's data thrown away, a version that may not come, tags that somebody edits. Each is told with its reason, one replica at most is away,
 * and each ends well. In a sandbox with stub machines.
 */
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { CreateTagsCommand, DeleteTagsCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { succeed } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { lifecycleOf } from './lifecycle.ts';
import { condition, isSoaking, NEW, OLD, runs, startUpgrading, type Upgrading } from './upgrading.ts';

let story: Upgrading;
let ec2: EC2Client;
let autoScaling: AutoScalingClient;

beforeAll(async () => {
  story = await startUpgrading();
  const { endpoint, region } = story.sandbox.status().aws;
  ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
  autoScaling = new AutoScalingClient({ endpoint, region, credentials: SPECTATOR });
});
afterAll(async () => {
  ec2?.destroy();
  autoScaling?.destroy();
  await story?.sandbox.end();
});

const groupOf = async (index: number) => {
  const { AutoScalingGroups = [] } = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
  const found = AutoScalingGroups.find(({ AutoScalingGroupName: name }) => name?.endsWith(`-controlplane-${index}`));
  if (found?.AutoScalingGroupName === undefined) throw new Error(`Replica ${index} has no group.`);
  return {
    name: found.AutoScalingGroupName,
    instances: (found.Instances ?? []).map(({ InstanceId = '' }) => InstanceId),
  };
};

const volumes = async () => {
  const { Volumes = [] } = await ec2.send(
    new DescribeVolumesCommand({ Filters: [{ Name: 'tag:slipway.dev/key', Values: ['etcd-volume/*'] }] }),
  );
  return Volumes.map(({ VolumeId = '', Tags = [] }) => {
    const tags = Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
    return { id: VolumeId, key: tags['slipway.dev/key'] ?? '', tags };
  }).toSorted((a, b) => (a.key < b.key ? -1 : 1));
};
const volumeOf = async (index: number) => {
  const found = (await volumes()).find(({ key }) => key === `etcd-volume/${index}`);
  if (found === undefined) throw new Error(`Replica ${index} has no disk.`);
  return found;
};

describe('before the first machine is another', () => {
  test('no room for it stops the upgrade there, with the reason, and an abort has the one before come again', async () => {
    await story.fault('launch', (await groupOf(0)).name, '--count', '1000');
    await story.ask({ version: NEW });
    const told = await story.until('the reason is told', (found) =>
      found.status.conditions.some(({ message }) => message.includes('InsufficientInstanceCapacity')),
    );
    expect(told.status).toMatchObject({ state: 'Upgrading', upgrade: { phase: 'Replacing', committed: false } });
    expect(condition(told, 'Ready')?.status).toBe('True');
    expect((await groupOf(1)).instances).toHaveLength(1);
    await story.fault('clear');
    await story.say('abort');
    const back = await story.until(
      'it is back',
      (found) => found.status.upgrade === undefined && condition(found, 'Stalled')?.status === 'True',
    );
    expect(condition(back, 'Stalled')?.message).toContain('UpgradeCluster was aborted (all is as it was before)');
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.36.3' });
  });
});

describe('half way', () => {
  test('Temporal’s data are thrown away, and it goes on; the tag that it serves by is taken off, and nothing serves as more', async () => {
    await story.say('resume');
    await story.until('the second turn', ({ status }) => status.rollout?.turn === 2);
    await succeed('reset', story.sandbox.sandbox('reset', 'temporal'));
    for (const { id } of await volumes()) {
      await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'slipway.dev/emulates' }] }));
    }
    const found = await story.until('it soaks', isSoaking);
    expect(found.status.upgrade?.replicas.map(({ version }) => version)).toEqual([NEW, NEW, NEW]);
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMinor: '36' });
  });
});

describe('while it soaks', () => {
  test('a version that may not come now is refused as it is applied', async () => {
    const { code, stderr } = await story.asks({ version: '1.37.2-gke.2' });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`the upgrade from ${OLD} is not committed`);
  });

  test('a disk that is lost is replaced, joins, and serves as the minor before, too', async () => {
    const lost = await volumeOf(1);
    await story.fault('lose-volume', lost.id);
    await waitFor(
      'another disk',
      async () => ((await volumes()).some(({ key, id }) => key === lost.key && id !== lost.id) ? true : undefined),
      UNHURRIED,
    );
    const found = await story.until('it soaks on', (now) => isSoaking(now) && condition(now, 'Degraded') === undefined);
    expect(found.status.revision?.version).toBe(OLD);
    expect(found.status.operations?.some(({ type }) => type === 'RepairCluster')).toBe(true);
    expect((await volumeOf(1)).tags['slipway.dev/committed']).toBeUndefined();
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMinor: '36' });
  });

  test('all of Temporal’s data thrown away leave it soaking, until the same time', async () => {
    const { soakUntil } = (await story.cluster()).status.upgrade ?? {};
    await succeed('reset', story.sandbox.sandbox('reset', 'temporal'));
    await waitFor(
      'its owner looks again',
      async () =>
        (await story.sandbox.slipway(['clusters', 'describe', 'cluster-0'])).stdout.includes('soaks until')
          ? true
          : undefined,
      UNHURRIED,
    );
    expect((await story.cluster()).status.upgrade).toMatchObject({ phase: 'Soaking', soakUntil });
  });
});

describe('in the commit', () => {
  test('a machine that is lost comes again as what was committed, and the commit comes to its end', async () => {
    await story.say('resume');
    await story.until('it is being committed', ({ status }) => status.upgrade?.phase === 'Committing');
    const [machine = ''] = (await groupOf(2)).instances;
    await succeed('kill', story.sandbox.sandbox('kill', machine));
    const found = await story.until('it runs', runs(NEW));
    expect(found.status.kubernetesVersion).toBe('1.37.2');
    expect((await volumes()).map(({ tags }) => tags['slipway.dev/committed'])).toEqual(['1.37', '1.37', '1.37']);
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMinor: '37' });
  });

  test('somebody who edits a tag to what is older changes nothing of what serves, and who asks for the older version is refused', async () => {
    const { id } = await volumeOf(0);
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'slipway.dev/committed', Value: '1.36' }] }));
    const [machine = ''] = (await groupOf(0)).instances;
    await succeed('kill', story.sandbox.sandbox('kill', machine));
    await waitFor(
      'another machine',
      async () => {
        const [now] = (await groupOf(0)).instances;
        return now !== undefined && now !== machine ? true : undefined;
      },
      UNHURRIED,
    );
    await story.until('all is well', runs(NEW));
    expect(await story.served()).toMatchObject({ emulationMinor: '37' });
    const { code } = await story.asks({ version: OLD });
    expect(code).not.toBe(0);
  });
});

describe('in the second turn of the next upgrade', () => {
  test('the cluster is deleted, and nothing of either version is left', async () => {
    await story.ask({ version: '1.37.2-gke.2', upgrade: { snapshot: 'None' } });
    await story.until('the second turn', ({ status }) => status.rollout?.turn === 2);
    await story.kubectl('delete', 'awscluster', 'cluster-0', '--timeout=10m');
    const left = (await lifecycleOf(story.sandbox, '-').account()).filter(
      ({ detail }) => detail.tags?.['slipway.dev/key'] !== undefined,
    );
    expect(left.map(({ kind, id }) => `${kind} ${id}`)).toEqual([]);
  });
});
