/** What the client makes of a refusal: one by an API server that has just started is none. */
import { describe, expect, test } from '@jest/globals';
import { verdictOf } from '../../activities/verdicts.ts';
import { createClient } from '../../kubernetes/client.ts';
import type { HttpAnswer } from '../../kubernetes/transport.ts';

const CLUSTERS = '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/c';
const NAME = { apiVersion: 'multicloud.cluster.gke.io/v1', kind: 'AWSCluster', namespace: 'default', name: 'c' };

const status = (reason: string, message: string): string => JSON.stringify({ kind: 'Status', reason, message });
const FORBIDDEN: HttpAnswer = {
  status: 403,
  text: status(
    'Forbidden',
    'awsclusters "c" is forbidden: User "system:serviceaccount:slipway-system:slipway-worker" cannot get resource "awsclusters"',
  ),
};
const FOUND: HttpAnswer = { status: 200, text: JSON.stringify({ ...NAME, metadata: { name: 'c' } }) };

/** An API server that answers in turn, its last answer for ever, and says whether it is ready. */
const serverWith = (answers: readonly HttpAnswer[], readyz = 200) => {
  const asked: string[] = [];
  const left = [...answers];
  const client = createClient({
    server: 'https://management',
    send: ({ method, path }) => {
      asked.push(`${method} ${path}`);
      if (path === '/readyz') return Promise.resolve({ status: readyz, text: '' });
      const answer = left.length > 1 ? left.shift() : left[0];
      return answer === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve(answer);
    },
    stream: () => Promise.reject(new Error('nothing is watched here')),
    close: () => Promise.resolve(),
  });
  return { client, asked };
};

const judged = (asking: Promise<unknown>) =>
  asking.then(
    () => undefined,
    (error: unknown) => verdictOf(error),
  );

describe('A refusal for want of rights', () => {
  test('is blocked, and says how to give them, when an API server that is ready repeats it', async () => {
    const { client, asked } = serverWith([FORBIDDEN]);
    const judgement = await judged(client.get(NAME));
    expect(judgement?.verdict).toBe('blocked');
    expect(judgement?.message).toMatch(
      /cannot get resource "awsclusters"\. Give it its rights: kubectl apply -f deploy\/rbac/,
    );
    expect(asked).toEqual([`GET ${CLUSTERS}`, 'GET /readyz', `GET ${CLUSTERS}`]);
  });

  test('is none when it was gone a moment later', async () => {
    const { client } = serverWith([FORBIDDEN, FOUND]);
    expect(await client.get(NAME)).toMatchObject({ kind: 'AWSCluster' });
  });

  test('by an API server that is starting is no reason to call a person', async () => {
    const { client, asked } = serverWith([FORBIDDEN, FOUND], 500);
    const judgement = await judged(client.get(NAME));
    expect(judgement?.verdict).toBe('retry');
    expect(judgement?.message).toContain('is starting, and knows no roles yet');
    expect(asked).toEqual([`GET ${CLUSTERS}`, 'GET /readyz']);
  });

  test.each([
    'secrets "x" is forbidden: exceeded quota: few',
    'admission webhook "x" denied the request: is forbidden: no',
  ])('is taken at its word when it was not for roles: %s', async (message) => {
    const { client, asked } = serverWith([{ status: 403, text: status('Forbidden', message) }]);
    expect(await judged(client.get(NAME))).toMatchObject({ verdict: 'blocked' });
    expect(asked).toEqual([`GET ${CLUSTERS}`]);
  });
});

describe('A list', () => {
  const page = (name: string, next = ''): HttpAnswer => ({
    status: 200,
    text: JSON.stringify({ items: [{ metadata: { name } }], metadata: { continue: next } }),
  });
  const NODE = { apiVersion: 'v1', kind: 'Node' };

  test('is read to its last page', async () => {
    const { client, asked } = serverWith([page('a', 'more'), page('b')]);
    expect((await client.list(NODE)).map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(asked).toEqual(['GET /api/v1/nodes?limit=500', 'GET /api/v1/nodes?limit=500&continue=more']);
  });

  test('for which any remembered state will do says so, and once only: further pages are of the same state', async () => {
    const { client, asked } = serverWith([page('a', 'more'), page('b')]);
    expect(await client.list(NODE, { fromCache: true })).toHaveLength(2);
    expect(asked[0]).toBe('GET /api/v1/nodes?limit=500&resourceVersion=0');
    expect(asked[1]).toBe('GET /api/v1/nodes?limit=500&continue=more');
  });
});
