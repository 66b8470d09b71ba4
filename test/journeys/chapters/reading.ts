/**
 * Chapter: somebody who knows only the seed reads the create in Temporal's own tools.
 */
import { describe, expect, test } from '@jest/globals';
import { eventually, operationOf, type Tell } from '../story.ts';

export const reading: Tell = (story) => {
  describe('somebody who reads the create in Temporal', () => {
    test('finds an entity for each object, and the operation of each, by their types', async () => {
      // Credentials and sweeps belong to no object, and come when they come.
      const others = ['IssueCredential', 'DriftSweep'];
      const listed = (await story().temporal.list()).filter(({ type }) => !others.includes(type.name));
      expect(listed.map(({ type }) => type.name).sort()).toEqual([
        ...['AwsCluster', 'AwsNodePool', 'AwsNodePool', 'AwsNodePool'],
        ...['CreateCluster', 'CreateNodePool', 'CreateNodePool', 'CreateNodePool'],
      ]);
      const ids = await story().journey.entityIds();
      expect(listed.map(({ execution }) => execution.workflowId).sort()).toEqual(
        ids.flatMap((id) => [id, `${id}/operation`]).sort(),
      );
    });

    test('finds them by search attributes, too', async () => {
      const id = (await story().journey.cluster()).status?.clusterID ?? '';
      const found = async (query: string) => (await story().temporal.list(query)).map(({ type }) => type.name).sort();
      expect(await found(`SlipwayCluster = '${id}' AND SlipwayOperation = 'CreateCluster'`)).toEqual(['CreateCluster']);
      expect(await found(`SlipwayCluster = '${id}' AND SlipwayOperation = 'CreateNodePool'`)).toHaveLength(3);
      expect(await found(`SlipwayCluster = '${id}'`)).toHaveLength(8);
      await eventually('four operations that succeeded, and four entities at rest', async () => {
        expect(await found(`SlipwayPhase = 'succeeded'`)).toHaveLength(4);
        expect(await found(`SlipwayPhase = 'settled'`)).toHaveLength(4);
      });
      expect(await found('SlipwayBlockedStep IS NOT NULL')).toEqual([]);
    });

    test('reads steps as a verb and a thing, each with a summary that names it', async () => {
      const activities = await story().temporal.activities(await operationOf(story(), 'awscluster'));
      const steps = activities.filter(({ type }) => type !== 'mirror');
      const ids = steps.map(({ id }) => id);
      expect(ids).toEqual(
        expect.arrayContaining([
          ...['ensure finalizer', 'ensure preflight', 'ensure subnet-tags/shared', 'ensure security-group/nodepool'],
          ...['ensure etcd-volume/1', 'ensure network-interface/2', 'ensure load-balancer/controlplane'],
          ...['ensure launch-template/controlplane-0/1.16.9-gke.12', 'ensure auto-scaling-group/controlplane-0'],
          ...['wait control-plane/ready', 'ensure hub-membership/cluster-0', 'ensure addon/coredns'],
        ]),
      );
      for (const { type, id, summary } of steps) {
        expect(id).toMatch(/^(ensure|wait|remove) [a-z-]+(\/[a-z0-9.-]+)*$/);
        expect({ id, type }).toEqual({ id, type: id.split(' ')[0] });
        expect({ id, summary }).toEqual({ id, summary: expect.stringMatching(/\S{3,}/) });
      }
      // A wait looks again and again; whatever makes something does so once.
      const made = ids.filter((id) => id.startsWith('ensure'));
      expect(new Set(made).size).toBe(made.length);
      expect(new Set(activities.filter(({ type }) => type === 'mirror').map(({ id }) => id))).toEqual(
        new Set(['mirror status']),
      );
    });

    test('reads what each workflow is for, and how it went', async () => {
      const operation = await operationOf(story(), 'awscluster');
      expect(await story().temporal.summary(operation)).toBe('CreateCluster default/cluster-0, version 1.16.9-gke.12');
      expect(await story().temporal.summary(await operationOf(story(), 'awsnodepool'))).toMatch(
        /^CreateNodePool default\/cluster-0-pool-\d, version 1\.16\.9-gke\.12$/,
      );
      const details = await story().temporal.metadata(operation);
      expect(details).toMatch(/Succeeded: (\d+) of \1 steps done/);
      expect(details).toContain('Version 1.16.9-gke.12 (Kubernetes 1.36.3)');
      expect(details).toMatch(/\bretry +Try a blocked step/);
      for (const { execution, type } of await story().temporal.list(`WorkflowType = 'IssueCredential'`)) {
        const [issue] = await story().temporal.activities(execution.workflowId);
        expect({ type: type.name, id: issue?.id }).toEqual({ type: type.name, id: 'issue certificate' });
      }
    });
  });
};
