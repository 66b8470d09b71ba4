import { describe, expect, test } from '@jest/globals';
import type { StepState } from '../../policy/views.ts';
import { commandsFor } from '../../words/commands.ts';
import { currentDetails } from '../../workflows/details.ts';
import { blockedBy, done, MINUTE, OBJECT, OWNER, step, T0, view, WORKFLOW } from '../policy/operation-views.ts';
import { VERSION } from '../topology/objects.ts';

describe('the runbook in Temporal', () => {
  const input = { object: OBJECT, owner: OWNER, version: VERSION, kubernetesVersion: '1.36.3' };
  const operation = view([
    step('ensure finalizer', done),
    step('ensure security-group/nodepool', blockedBy('blocked')),
    step('ensure load-balancer/controlplane', { state: 'running', since: T0 }),
    step('ensure listener/controlplane', { state: 'pending' }, [
      'ensure finalizer',
      'ensure load-balancer/controlplane',
    ]),
  ]);
  const text = currentDetails(operation, input);

  test('says what is blocked, since when, why, and what to type', () => {
    expect(text).toContain('### CreateCluster of AWSCluster default/cluster-0');
    expect(text).toContain('**Blocked** at 1 of its steps: 1 of 4 steps done.');
    expect(text).toContain(
      '`ensure security-group/nodepool` waits for a person. Since 2026-01-01T00:00:00Z; attempt 3 failed',
    );
    expect(text).toContain('> Security group sg-1 is used by network interface eni-2');
    for (const command of commandsFor('retry', OBJECT, WORKFLOW, 'ensure security-group/nodepool')) {
      expect(text).toContain(command);
    }
  });

  test('says what runs, and what comes next after which', () => {
    expect(text).toContain('- `ensure load-balancer/controlplane` since 2026-01-01T00:00:00Z');
    expect(text).toContain('- `ensure listener/controlplane` after `ensure load-balancer/controlplane`');
  });

  test('stays within what Temporal keeps, however large the plan and long the messages', () => {
    const long = { ...blockedBy('blocked'), message: 'x'.repeat(5_000) } as StepState;
    const many = view(Array.from({ length: 200 }, (_, index) => step(`ensure addon/${index}`, long)));
    expect(Buffer.byteLength(currentDetails(many, input))).toBeLessThan(20_000);
  });

  test('tells how it ended', () => {
    const ended = view([step('ensure finalizer', done)], { state: 'succeeded', finishedAt: T0 + MINUTE });
    expect(currentDetails(ended, input)).toContain('Succeeded: 1 of 1 steps done.');
    expect(currentDetails(ended, input)).toContain('ended 2026-01-01T00:01:00Z');
  });
});
