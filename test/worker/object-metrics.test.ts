/** What is counted of objects' statuses: that it is what they say, and nothing where nobody could read them. */
import { describe, expect, test } from '@jest/globals';
import { timeOf } from '../../words/time.ts';
import { createMetrics } from '../../worker/metrics.ts';
import type { CountedObject } from '../../worker/object-metrics.ts';
import { clusterStatusExample } from '../api/status-example.ts';

type Status = NonNullable<CountedObject['status']>;
type Condition = NonNullable<Status['conditions']>[number];

const ago = (seconds: number): string => timeOf(Date.now() - seconds * 1_000);
const condition = (type: string, reason: string, status: Condition['status'] = 'True'): Condition => ({
  type,
  status,
  reason,
});
const cluster = (status: Status): CountedObject => ({ kind: 'AWSCluster', status });

const read = async (objects: () => Promise<readonly CountedObject[]>): Promise<readonly string[]> => {
  const page = await createMetrics({ objects }).registry.metrics();
  return page.split('\n').filter((line) => /^slipway_(objects|conditions|backup|clusters|soak)/.test(line));
};

describe('metrics of objects', () => {
  test('count states and those conditions that have something to say', async () => {
    const lines = await read(async () => [
      cluster({
        state: 'Provisioned',
        conditions: [condition('Ready', 'Provisioned'), condition('Stalled', 'NothingToDo', 'False')],
      }),
      cluster({
        state: 'Provisioned',
        conditions: [condition('Ready', 'QuorumLost', 'False'), condition('Stalled', 'QuorumLost')],
      }),
      {
        kind: 'AWSNodePool',
        status: { state: 'Upgrading', conditions: [condition('Reconciling', 'UpgradeNodePool')] },
      },
      { kind: 'AWSNodePool' },
    ]);
    expect(lines.filter((line) => /_(objects|conditions)\{/.test(line))).toEqual([
      'slipway_objects{kind="AWSCluster",state="Provisioned"} 2',
      'slipway_objects{kind="AWSNodePool",state="Upgrading"} 1',
      'slipway_objects{kind="AWSNodePool",state="Pending"} 1',
      'slipway_conditions{kind="AWSCluster",type="Ready",status="False",reason="QuorumLost"} 1',
      'slipway_conditions{kind="AWSCluster",type="Stalled",status="True",reason="QuorumLost"} 1',
      'slipway_conditions{kind="AWSNodePool",type="Reconciling",status="True",reason="UpgradeNodePool"} 1',
    ]);
  });

  test('tell the oldest of the newest backups, the longest soak, and who has no backup, pools and new clusters apart', async () => {
    const lines = await read(async () => [
      cluster({ established: true, backup: { lastSuccess: { time: ago(60) } } }),
      cluster({ established: true, backup: { lastSuccess: { time: ago(7_200) } } }),
      cluster({ established: true, upgrade: { phase: 'Soaking', soakingSince: ago(600) } }),
      cluster({ established: false, upgrade: { phase: 'Committing', soakingSince: ago(9_000) } }),
      { kind: 'AWSNodePool', status: { established: true } },
    ]);
    expect(lines.slice(-3)).toEqual([
      'slipway_clusters_without_backup 1',
      expect.stringMatching(/^slipway_backup_oldest_seconds 720\d\.?/),
      expect.stringMatching(/^slipway_soak_oldest_seconds 60\d\.?/),
    ]);
  });

  test('say nothing rather than something old where nobody can list objects', async () => {
    expect(await read(() => Promise.reject(new Error('the management API is away')))).toEqual([]);
  });

  test('read the fields that a status has', () => {
    // The compiler holds the example to the schema, and this to the example.
    const counted: CountedObject = { kind: 'AWSCluster', status: clusterStatusExample };
    expect(counted.status?.upgrade?.soakingSince).toBeDefined();
  });
});
