/** What a step that is done tells people about its object. */
import { describe, expect, test } from '@jest/globals';
import { noticeOutput, warningOutput } from '../../words/warnings.ts';
import { eventsOf, mendedBy } from '../../workflows/operation-events.ts';
import { securityGroup, stepOf } from './builders.ts';

const { event: _event, ...silent } = securityGroup('nodes');
const made = { type: 'Normal', reason: 'CreatedSecurityGroup', message: 'Created security group named "gke-1-nodes"' };
const warned = { id: 'sg-1', [warningOutput('NoWayOut')]: 'No way out.', [warningOutput('FewZones')]: 'One zone.' };

describe('a step that is done', () => {
  test('tells what it made, once its making was what was planned', () => {
    const step = stepOf(securityGroup('nodes'));
    expect(eventsOf(step, {})).toEqual([made]);
    expect(eventsOf(stepOf(securityGroup('nodes'), { verb: 'remove' }), {})).toEqual([]);
  });

  test('tells each warning among its outputs, whether it tells of anything else or not', () => {
    const warnings = [
      { type: 'Warning', reason: 'FewZones', message: 'One zone.' },
      { type: 'Warning', reason: 'NoWayOut', message: 'No way out.' },
    ];
    const outputs = { 'security-group/nodes': warned };
    expect(eventsOf(stepOf(securityGroup('nodes')), outputs)).toEqual([...warnings, made]);
    expect(eventsOf(stepOf(silent as ReturnType<typeof securityGroup>), outputs)).toEqual(warnings);
    expect(eventsOf(stepOf(silent as ReturnType<typeof securityGroup>), { 'security-group/other': warned })).toEqual(
      [],
    );
  });

  test('tells a notice as what is no trouble, after warnings', () => {
    const outputs = { 'security-group/nodes': { ...warned, [noticeOutput('SnapshotsStay')]: '3 snapshots stay.' } };
    expect(eventsOf(stepOf(silent as ReturnType<typeof securityGroup>), outputs)).toEqual([
      { type: 'Warning', reason: 'FewZones', message: 'One zone.' },
      { type: 'Warning', reason: 'NoWayOut', message: 'No way out.' },
      { type: 'Normal', reason: 'SnapshotsStay', message: '3 snapshots stay.' },
    ]);
  });

  test('names what others had changed of its thing, where the operation is to mend that', () => {
    const mends = [
      { key: 'security-group/nodes', difference: 'its tag team is missing' },
      { key: 'security-group/other', difference: 'is missing' },
    ];
    const mended = {
      type: 'Normal',
      reason: 'MendedDrift',
      message: 'Mended security-group/nodes: its tag team is missing',
    };
    expect(mendedBy(stepOf(securityGroup('nodes')), mends)).toEqual([mended]);
    expect(mendedBy(stepOf(securityGroup('nodes')), [])).toEqual([]);
    expect(mendedBy(stepOf(securityGroup('nodes'), { verb: 'wait' }), mends)).toEqual([]);
  });
});
