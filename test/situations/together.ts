/**
 * All that is stuck, found at once: by the lists, by one query of Temporal, and by one alert on the page that a worker serves.
 *
 * Owns: asking each of them for names. Neighbours: `sides.ts` looks at one object.
 */
import { join } from 'node:path';
import { objectInWorkflowId } from '../../api/names.ts';
import { stuckAt } from '../../client/stuck.ts';
import { STUCK_QUERY } from '../../workflows/messages.ts';
import { ROOT } from '../docs/markdown.ts';
import { expectFiring, type Firing } from '../support/promtool.ts';
import { type SandboxForTests, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { RESOURCES, type sidesOf } from './sides.ts';
import type { Subject } from './situation.ts';

type Listed = { readonly name?: string; readonly metadata?: { readonly name: string } };

export const togetherIn = (sandbox: SandboxForTests, sides: ReturnType<typeof sidesOf>) => {
  const listed = async (what: 'clusters' | 'operations'): Promise<readonly string[]> => {
    const json = await succeed('list', sandbox.slipway([what, 'list', '--stuck', '-o', 'json']));
    return (JSON.parse(json) as readonly Listed[]).map(({ name, metadata }) => name ?? metadata?.name ?? '');
  };
  const queried = async (): Promise<readonly string[]> =>
    (await sides.found(STUCK_QUERY)).map((id) => objectInWorkflowId(id)?.name ?? id);

  /** What `SlipwayStuck` is to fire for, by status. */
  const firingFor = async ({ kind, name }: Subject): Promise<Firing> => {
    const object = await sandbox.objects().find<Parameters<typeof stuckAt>[0]>(RESOURCES[kind], name);
    if (object === undefined) throw new Error(`There is no ${name}.`);
    const stuck = stuckAt({ ...object, kind } as typeof object, Date.now());
    const waits_for = stuck?.waitsForPerson === true ? 'person' : 'itself';
    return { alertname: 'SlipwayStuck', severity: 'warning', kind, reason: stuck?.reason ?? 'none', waits_for };
  };

  return {
    /** Until exactly these are found. */
    untilFound: (by: 'clusters' | 'operations' | 'query', names: readonly string[]): Promise<string> =>
      waitFor(
        `${by} to find ${names.toSorted().join(', ')}`,
        async () => {
          const found = (by === 'query' ? await queried() : await listed(by)).toSorted().join(', ');
          if (found !== names.toSorted().join(', ')) throw new Error(`it finds ${found}`);
          return found;
        },
        UNHURRIED,
      ),
    /** Throws unless the alert fires for the reason of each, and for no other. */
    expectAlerts: async (program: string, subjects: readonly Subject[]): Promise<void> => {
      const all = await Promise.all(subjects.map(firingFor));
      const firing = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
      const page = await sides.metrics();
      const rules = join(ROOT, 'deploy/monitoring/rules.yaml');
      expectFiring(program, rules, { page, minutes: 20, only: 'SlipwayStuck', firing });
    },
  };
};
