/** The sandbox's hub: how requests change it over time. */
import { describe, expect, test } from '@jest/globals';
import { answer, EMPTY, type HubRequest, type HubState } from '../../../sandbox/hub/memberships.ts';

const PARENT = 'projects/p/locations/global';
const LATENCY = 100;

const ask = (state: HubState, now: number, method: string, path: string, query = '', body?: unknown) => {
  const request: HubRequest = { method, path, query: new URLSearchParams(query), body };
  return answer(state, request, now, LATENCY);
};

const create = (state: HubState, now: number, id = 'a', body: unknown = { labels: { owner: 'x' } }) =>
  ask(state, now, 'POST', `${PARENT}/memberships`, `membershipId=${id}`, body);

describe('the hub', () => {
  test('shows a membership at once and as ready when its operation is done', () => {
    const made = create(EMPTY, 0);
    expect(made.answer).toMatchObject({ status: 200, body: { done: false, metadata: { verb: 'create' } } });
    const name = `${PARENT}/memberships/a`;
    expect(ask(made.state, 1, 'GET', name).answer.body).toMatchObject({ name, state: { code: 'CREATING' } });
    const operation = (made.answer.body as { name: string }).name;
    expect(ask(made.state, LATENCY, 'GET', operation).answer.body).toMatchObject({ done: true, response: { name } });
    expect(ask(made.state, LATENCY, 'GET', name).answer.body).toMatchObject({ state: { code: 'READY' } });
  });

  test('has a name once, as long as it is not deleted to the end', () => {
    const made = create(EMPTY, 0);
    expect(create(made.state, 1).answer).toMatchObject({ status: 409, body: { error: { status: 'ALREADY_EXISTS' } } });
    const going = ask(made.state, LATENCY, 'DELETE', `${PARENT}/memberships/a`);
    expect(create(going.state, LATENCY + 1).answer.status).toBe(409);
    expect(create(going.state, 2 * LATENCY).answer.status).toBe(200);
  });

  test('answers absence as Google does', () => {
    for (const method of ['GET', 'DELETE']) {
      expect(ask(EMPTY, 0, method, `${PARENT}/memberships/a`).answer).toMatchObject({
        status: 404,
        body: { error: { code: 404, status: 'NOT_FOUND' } },
      });
    }
  });

  test('refuses names and labels that Google refuses', () => {
    expect(create(EMPTY, 0, 'Not-A-Label').answer.status).toBe(400);
    expect(create(EMPTY, 0, 'a', { labels: { 'slipway.dev/uid': 'x' } }).answer.status).toBe(400);
  });
});
