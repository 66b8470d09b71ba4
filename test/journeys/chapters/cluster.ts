/**
 * Chapter: the cluster that was made is a real one, seen from inside.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { CLUSTER_INFO, normalised } from '../seed.ts';
import { eventually, healthyMembers, rows, type Tell } from '../story.ts';

export const cluster: Tell = (story) => {
  describe('the cluster', () => {
    test('is reached with get-credentials, in a context of the seed’s name', async () => {
      const said = await story().journey.getCredentials();
      const { status } = await story().journey.cluster();
      const context = `gke_aws_default_cluster-0_${status?.clusterID}`;
      expect(said).toContain(`Switched to context "${context}".`);
      expect((await story().journey.user('config', 'current-context')).trim()).toBe(context);
    });

    test('says at cluster-info, through the proxy, what the seed’s said', async () => {
      expect(normalised(await story().journey.user('cluster-info')).slice(0, 4)).toEqual(normalised(CLUSTER_INFO));
    });

    test('is reached with the proxy named in the environment, as the seed’s user did', async () => {
      const { sandbox, userKubeconfig } = story().journey;
      const named = `${userKubeconfig}.without-proxy`;
      await writeFile(named, (await readFile(userKubeconfig, 'utf8')).replace(/^ *proxy-url: .*\n/m, ''), {
        mode: 0o600,
      });
      const ask = (env: NodeJS.ProcessEnv) =>
        sandbox.kubectl(['get', 'nodes', '-o', 'name'], { kubeconfig: named, env });
      expect(rows((await ask({ HTTPS_PROXY: sandbox.status().proxy })).stdout)).toHaveLength(9);
      expect((await ask({ HTTPS_PROXY: '' })).code).not.toBe(0);
    });

    test('has nine nodes, all ready', async () => {
      await eventually('nine nodes, all ready', async () => {
        const [header = '', ...nodes] = rows(await story().journey.user('get', 'nodes'));
        expect(header.split(/\s+/)).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION']);
        expect(
          nodes.map((node) =>
            node
              .replace(/^ip(-\d+){4}/, 'ip-…')
              .split(/\s+/)
              .toSpliced(3, 1),
          ),
        ).toEqual(Array(9).fill(['ip-….eu-west-1.compute.internal', 'Ready', '<none>', 'v1.36.3']));
      });
    });

    test('keeps its data in three healthy members of etcd', async () => {
      const names = (await healthyMembers(story())).map(({ name }) => name.replace(/^gke-[0-9a-f]{8}/, ''));
      expect(names).toEqual(['-controlplane-0', '-controlplane-1', '-controlplane-2']);
    });

    test('runs the pods of a Deployment', async () => {
      await story().journey.user('create', 'deployment', 'web', '--image=nginx', '--replicas=3');
      await story().journey.user('rollout', 'status', 'deployment/web', '--timeout=10m');
      const phases = await story().journey.user(
        'get',
        'pods',
        '-l',
        'app=web',
        '-o',
        'jsonpath={.items[*].status.phase}',
      );
      expect(phases).toBe('Running Running Running');
    });

    test('keeps Secrets in etcd only as KMS encrypted them', async () => {
      await story().journey.user('create', 'secret', 'generic', 'treasure', '--from-literal=word=swordfish');
      const stored = await (await story().journey.etcd()).stored('/registry/secrets/default/treasure');
      expect(stored.toString('latin1').slice(0, 15)).toBe('k8s:enc:kms:v2:');
      expect(stored.includes('swordfish')).toBe(false);
      const word = await story().journey.user('get', 'secret', 'treasure', '-o', 'jsonpath={.data.word}');
      expect(Buffer.from(word, 'base64').toString()).toBe('swordfish');
    });
  });
};
