import { describe, expect, test } from '@jest/globals';
import type { Route } from '../../../sandbox/network/routes.ts';
import { type ClusterView, clustersOf, reconcilePods } from '../../../sandbox/pods/cluster.ts';

const route = (loadBalancer: string, port = 443): Route => ({
  key: `${loadBalancer}.elb:${port}`,
  loadBalancer,
  dns: `${loadBalancer}.elb`,
  addresses: [],
  closed: false,
  port,
  targets: [],
});

test('a cluster is known by its API’s load balancer, and by no other', () => {
  const routes = [
    route('gke-dfccaa67-controlplane'),
    route('gke-dfccaa67-controlplane', 8443),
    route('gke-dfccaa67-controlplane-2'),
    route('a-service'),
    route('gke-nothex00-controlplane'),
  ];
  expect(clustersOf(routes, () => true)).toEqual([
    { id: 'gke-dfccaa67', endpoint: 'gke-dfccaa67-controlplane.elb', answers: true },
  ]);
});

describe('kwok of a cluster', () => {
  const cluster = (answers: boolean): ClusterView => ({ id: 'gke-dfccaa67', endpoint: 'x', answers });
  const decide = (clusters: readonly ClusterView[], known: boolean, alive: boolean, at = 'x') =>
    reconcilePods(clusters, known ? ['gke-dfccaa67'] : [], new Map(alive ? [['gke-dfccaa67', at]] : [])).map(
      (action) => action.kind,
    );

  test('starts when the API first answers, and again when it died', () => {
    expect(decide([cluster(false)], false, false)).toEqual([]);
    expect(decide([cluster(true)], false, false)).toEqual(['start']);
    expect(decide([cluster(true)], true, false)).toEqual(['start']);
    expect(decide([cluster(true)], true, true)).toEqual([]);
  });

  test('stays while the API is away, and ends with the load balancer', () => {
    expect(decide([cluster(false)], true, true)).toEqual([]);
    expect(decide([], true, true)).toEqual(['end']);
    expect(decide([], true, false)).toEqual(['end']);
  });

  test('begins again where the load balancer was made anew, under another DNS name', () => {
    expect(decide([cluster(true)], true, true, 'another')).toEqual(['end']);
    expect(decide([cluster(false)], true, true, 'another')).toEqual(['end']);
  });
});
