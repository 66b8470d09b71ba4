/** Ten thousand generated requests: none crashes admission, none that breaks a rule passes, and none that breaks none is refused. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterSpec } from '../../../api/cluster.ts';
import { nodePoolSpec } from '../../../api/nodepool.ts';
import { createJudge } from '../../../client/admission/judge.ts';
import { answerReview, NotAReview } from '../../../client/admission/review.ts';
import { CATALOGUE, createCluster, createPool, holding, updateCluster } from './asked.ts';
import { generated, reviewOf } from './generated.ts';

const exempt = new Set(['system:serviceaccount:slipway-system:slipway-worker']);
const judgeWith = (others = holding()) => createJudge({ others, exempt, catalogue: CATALOGUE });
const WELL_MADE = 8_000;
const BROKEN = 2_000;

describe('generated objects', () => {
  test(`of which ${WELL_MADE} are well made: exactly those that break a rule are refused, each field by name`, async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(generated, async ({ asked, others, broken }) => {
        const { answer } = await answerReview(JSON.stringify(reviewOf(asked)), judgeWith(others));
        const { allowed, status, uid } = answer.response;
        expect(uid).toBe('705ab4f5-6393-11e8-b7cc-42010a800002');
        expect(allowed).toBe(broken.length === 0);
        refused += allowed ? 0 : 1;
        // A refused deletion has no fields to point at: its message begins with the one.
        const said = status?.details?.causes.map(({ field }) => field) ?? status?.message.split(': ').slice(0, 1) ?? [];
        expect([...said].sort()).toEqual([...broken].sort());
      }),
      { numRuns: WELL_MADE },
    );
    // The generator would prove nothing if it made only one sort.
    expect(refused).toBeGreaterThan(WELL_MADE / 10);
    expect(refused).toBeLessThan((WELL_MADE * 9) / 10);
  });

  test(`of which ${BROKEN} are not even well made: an answer or a plain refusal to read them, and what passes fits the schema`, async () => {
    const whole = fc.constantFrom(
      reviewOf(createCluster({ controlPlane: { version: '1.36.0-gke.1' } })),
      reviewOf(createPool({ spec: { version: '1.36.0-gke.1' } })),
      reviewOf(updateCluster({}, { controlPlane: { version: '1.36.0-gke.1' } })),
    );
    const damaged = fc.tuple(whole, fc.nat(), fc.jsonValue()).map(([review, at, value]) => damage(review, at, value));
    const anything = fc.oneof({ arbitrary: damaged, weight: 9 }, { arbitrary: fc.jsonValue(), weight: 1 });
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(anything, async (review) => {
        const judging = answerReview(JSON.stringify(review) ?? '', judgeWith());
        const answer = await judging.then(
          (one) => one,
          (error: unknown) => {
            expect(error).toBeInstanceOf(NotAReview);
            return undefined;
          },
        );
        if (answer === undefined) return;
        answered += 1;
        const { asked, answer: said } = answer;
        if (!said.response.allowed || asked?.operation !== 'CREATE' || exempt.has(asked.username)) return;
        const going = (asked.oldObject as { metadata?: { deletionTimestamp?: unknown } } | null)?.metadata
          ?.deletionTimestamp;
        if (going !== undefined) return;
        const spec = (asked.object as { spec?: unknown }).spec;
        const schema = asked.kind === 'AWSCluster' ? clusterSpec : nodePoolSpec;
        expect(schema.safeParse(spec).success).toBe(true);
      }),
      { numRuns: BROKEN },
    );
    expect(answered).toBeGreaterThan(BROKEN / 4);
  });
});

/** A copy with the nth place of it replaced. */
const damage = (document: unknown, at: number, value: unknown): unknown => {
  const places: (readonly (string | number)[])[] = [];
  const visit = (node: unknown, path: readonly (string | number)[]): void => {
    places.push(path);
    if (typeof node === 'object' && node !== null)
      for (const [key, child] of Object.entries(node)) visit(child, [...path, key]);
  };
  visit(document, []);
  const path = places[at % places.length] ?? [];
  const copy = structuredClone({ root: document }) as Record<string, unknown>;
  let target = copy;
  let key: string | number = 'root';
  for (const next of path) {
    target = target[key] as Record<string, unknown>;
    key = next;
  }
  target[key] = value;
  return copy['root'];
};

describe('what is none of our business', () => {
  test.each([
    ['another kind', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }],
    ['a kind of the same name elsewhere', { kind: { group: 'example.com', version: 'v1', kind: 'AWSCluster' } }],
    ['a status', { subResource: 'status' }],
    ['a connection', { operation: 'CONNECT' }],
  ])('passes: %s', async (_what, change) => {
    const review = reviewOf(createCluster({ controlPlane: { version: '1.99.0-gke.1' } }));
    const changed = { ...review, request: { ...(review['request'] as object), ...change } };
    const { asked, answer } = await answerReview(JSON.stringify(changed), judgeWith());
    expect({ asked, allowed: answer.response.allowed }).toEqual({ asked: undefined, allowed: true });
  });

  test.each(['', '{', '[]', '{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview"}'])(
    'is no review: %j',
    async (text) => {
      await expect(answerReview(text, judgeWith())).rejects.toThrow(NotAReview);
    },
  );
});

describe('an answer', () => {
  test('names the object and each field, as a refusal of the API server’s own does', async () => {
    const asked = createCluster({ controlPlane: { version: '1.99.0-gke.1' } });
    const { answer } = await answerReview(JSON.stringify(reviewOf(asked)), judgeWith());
    expect(answer.response.status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: {
        group: 'multicloud.cluster.gke.io',
        kind: 'AWSCluster',
        name: 'cluster-0',
        causes: [{ reason: 'FieldValueInvalid', field: 'spec.controlPlane.version', message: expect.any(String) }],
      },
    });
  });

  test('is an error, not a yes or a no, while other objects can’t be read', async () => {
    const others = {
      cluster: () => Promise.reject(new Error('the API server is away')),
      poolsOf: () => Promise.resolve([]),
    };
    const text = JSON.stringify(reviewOf(createPool({ spec: { version: '1.36.0-gke.1' } })));
    await expect(answerReview(text, judgeWith(others))).rejects.toThrow('the API server is away');
  });
});
