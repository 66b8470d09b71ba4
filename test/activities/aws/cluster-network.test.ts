import { describe, expect, test } from '@jest/globals';
import { createClusterNetwork } from '../../../activities/aws/cluster-network.ts';
import type { Found } from '../../../kinds/resource.ts';
import { observed } from '../../../kinds/resource.ts';
import { LOAD_BALANCER, NODE_GROUP } from '../../../words/keys.ts';

const balancer = observed(
  'load-balancer',
  LOAD_BALANCER,
  { arn: 'arn', dnsName: 'dns' },
  { name: 'gke-1', groupIds: [] },
);
const group = observed('security-group', NODE_GROUP, { id: 'sg-1' }, { name: 'gke-1-nodepool' });

const setUp = () => {
  let time = 0;
  let looks = 0;
  const network = createClusterNetwork(() => time);
  const of = (id: string, there: readonly Found[] = [balancer, group]) =>
    network.of(id, async () => {
      looks += 1;
      return there;
    });
  return { network, of, looks: () => looks, pass: (milliseconds: number) => void (time += milliseconds) };
};

describe('what node pools take from their cluster', () => {
  test('is looked at once for all pools, and again after a minute', async () => {
    const { of, looks, pass } = setUp();
    await Promise.all([of('gke-1'), of('gke-1')]);
    expect(looks()).toBe(1);
    pass(60_000);
    await of('gke-1');
    expect(looks()).toBe(2);
  });

  test('is not looked at by the worker that made all of it a moment ago', async () => {
    const { network, of, looks, pass } = setUp();
    network.made('gke-1', balancer);
    await of('gke-1', []);
    expect(looks()).toBe(1);
    network.made('gke-1', group);
    expect(await of('gke-1')).toEqual([balancer, group]);
    expect(looks()).toBe(1);
    await of('gke-2');
    expect(looks()).toBe(2);
    pass(60_000);
    await of('gke-1');
    expect(looks()).toBe(3);
  });

  test('is what was made anew since it was looked at: a load balancer that was lost has another name', async () => {
    const { network, of, looks } = setUp();
    expect(await of('gke-1')).toEqual([balancer, group]);
    const another = { ...balancer, outputs: { arn: 'other', dnsName: 'other' } };
    network.made('gke-1', another);
    expect(await of('gke-1')).toEqual([group, another]);
    expect(looks()).toBe(1);
  });

  test('is forgotten once any of it is being removed, and never kept while incomplete', async () => {
    const { network, of, looks } = setUp();
    network.made('gke-1', balancer);
    network.made('gke-1', group);
    network.forget('gke-1');
    await of('gke-1', [group]);
    await of('gke-1', [group]);
    expect(looks()).toBe(2);
  });
});
