/**
 * A control plane that is asked for the next minor of Kubernetes: three turns, a soak in which it serves as before, the way back by an abort,
 * and again forth to the commit, after which nothing goes back. The worker is killed meanwhile.
 *
 * In a sandbox with stub machines, whose replicas decide by the agent's own code what they serve as, and serve the same kinds in every
 * version. What real programs do of it is asked in `real-upgrade.trial.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { afterCalls, killWhenever } from './kills.ts';
import { condition, isSoaking, NEW, OLD, runs, startUpgrading, type Upgrading } from './upgrading.ts';

let story: Upgrading;
beforeAll(async () => {
  story = await startUpgrading();
});
afterAll(() => story?.sandbox.end());

describe('a control plane that is asked for the next minor', () => {
  test('comes to it in turns, though its worker is killed again and again, and serves as the minor before', async () => {
    const states = new Set<string>();
    const kills = await killWhenever(
      story.sandbox,
      (async () => {
        await story.ask({ version: NEW });
        await story.until('it soaks', (found) => {
          states.add(found.status.state);
          return isSoaking(found);
        });
      })(),
      afterCalls([1, 5, 9]),
    );
    expect(kills.length).toBeGreaterThan(0);
    const found = await story.cluster();
    expect(found.status).toMatchObject({
      state: 'Upgrading',
      kubernetesVersion: '1.36.3',
      revision: { version: OLD },
      upgrade: {
        committed: false,
        replicas: [0, 1, 2].map((index) => ({ index, version: NEW, emulation: '1.36' })),
      },
    });
    expect(condition(found, 'Ready')?.status).toBe('True');
    expect(condition(found, 'Reconciling')?.message).toContain(`${NEW} serves as Kubernetes 1.36 until `);
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMajor: '1', emulationMinor: '36' });
  });

  test('goes back where somebody aborts it while it soaks, and all is as it was', async () => {
    await story.say('abort');
    const found = await story.until(
      'it is back',
      (found) => found.status.upgrade === undefined && condition(found, 'Stalled')?.status === 'True',
    );
    expect(condition(found, 'Stalled')?.message).toContain('UpgradeCluster was aborted (all is as it was before)');
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.36.3' });
  });

  test('comes again where it is resumed, and is committed once somebody says so', async () => {
    await story.say('resume');
    await story.until('it soaks again', isSoaking);
    await story.say('resume');
    const found = await story.until('it runs', runs(NEW));
    expect(found.status).toMatchObject({ kubernetesVersion: '1.37.2' });
    expect(found.status).not.toHaveProperty('upgrade');
    expect(await story.served()).toMatchObject({ gitVersion: 'v1.37.2', emulationMinor: '37' });
  });

  test('is not asked to go back then: it is refused as it is applied', async () => {
    const { code, stderr } = await story.asks({ version: OLD });
    expect(code).not.toBe(0);
    expect(stderr).toContain('lost on the older one without a word');
  });
});
