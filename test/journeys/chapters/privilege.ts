/**
 * Chapter: what everybody did in this story against what they are allowed, in AWS and in the management API. Too much is as
 * wrong as too little.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SERVICE_ACCOUNTS } from '../../../api/names.ts';
import { folders } from '../../../sandbox/layout.ts';
import { grants, RARE_REQUESTS } from '../../deploy/grants.ts';
import type { Operation } from '../../deploy/operations.ts';
import { actionsFor } from '../../deploy/operations.ts';
import { allowed, ROLES } from '../../deploy/roles.ts';
import { callersIn } from '../../judge/callers.ts';
import type { Story, Tell } from '../story.ts';

type RoleName = keyof typeof ROLES;

/** The operations that were recorded for each role. */
const recorded = async (story: Story): Promise<Readonly<Record<RoleName, ReadonlySet<Operation>>>> => {
  const { calls } = await story.journey.sandbox.callsSince(0);
  const callers = await callersIn(
    story.journey.sandbox.home,
    calls.map(({ accessKey }) => accessKey),
  );
  const of = (role: RoleName) =>
    new Set(
      calls
        .filter(({ accessKey }) => callers(accessKey) === role)
        .map(({ service, operation }): Operation => `${service} ${operation}`),
    );
  return { worker: of('worker'), controlplane: of('controlplane'), node: of('node') };
};

type AuditLine = {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly apiGroup?: string };
  readonly annotations?: Readonly<Record<string, string>>;
};

/** Who asked for what of the management API: `slipway-worker patch awsclusters/status`. */
const requests = ({ journey }: Story) => {
  const lines = readFileSync(folders(journey.sandbox.home).managementAudit, 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) => {
    const { user, verb, objectRef, annotations } = JSON.parse(line) as AuditLine;
    // Which kinds there are, everybody may ask.
    if (objectRef?.resource === undefined) return [];
    const resource = [objectRef.resource, objectRef.subresource].filter((part) => part !== undefined).join('/');
    const account = user.username.split(':').at(-1) ?? '';
    return [
      {
        request: `${account} ${verb} ${objectRef.apiGroup ?? ''} ${resource}`,
        decision: annotations?.['authorization.k8s.io/decision'],
      },
    ];
  });
};

export const privilege: Tell = (story) => {
  describe('in AWS', () => {
    test.each(Object.keys(ROLES) as RoleName[])('the role %s did only what its policies allow', async (name) => {
      const seen = (await recorded(story()))[name];
      expect(seen.size).toBeGreaterThan(0);
      const forbidden = [...seen].filter((operation) =>
        actionsFor([operation]).some((action) => !allowed(ROLES[name]).includes(action)),
      );
      expect(forbidden).toEqual([]);
    });

    test.each(Object.keys(ROLES) as RoleName[])(
      'the role %s may do nothing that it neither did nor has a reason for',
      async (name) => {
        const role = ROLES[name];
        const seen = (await recorded(story()))[name];
        const idle = role.operations.filter((operation) => !seen.has(operation) && role.rare[operation] === undefined);
        expect(idle).toEqual([]);
      },
    );
  });

  describe('in the management API', () => {
    test('whoever was refused something has the right to it: the API server had just started, and knew no roles yet', () => {
      const of = (wanted: boolean) =>
        new Set(
          requests(story()).flatMap(({ request, decision }) => ((decision === 'allow') === wanted ? request : [])),
        );
      const [refused, given] = [of(false), of(true)];
      expect([...refused].filter((request) => !given.has(request))).toEqual([]);
    });

    test('every part may do what it did, and nothing that it neither did nor has a reason for', () => {
      const seen = new Set(requests(story()).map(({ request }) => request));
      const granted = SERVICE_ACCOUNTS.flatMap((account) => grants(account).map((grant) => `${account} ${grant}`));
      expect([...seen].filter((request) => !granted.includes(request))).toEqual([]);
      expect(granted.filter((grant) => !seen.has(grant) && RARE_REQUESTS[grant] === undefined)).toEqual([]);
    });
  });
};
