import { describe, expect, test } from '@jest/globals';
import { STATES } from '../../api/status.ts';
import { OPERATIONS } from '../../words/operations.ts';
import * as workflows from '../../workflows/index.ts';

describe.each(Object.entries(OPERATIONS))('%s', (type, { of, state, purpose, unabortable }) => {
  test('says of what it is an operation', () => {
    expect(type.endsWith('NodePool')).toBe(of === 'AWSNodePool');
  });

  test('is a workflow that workers know', () => {
    expect(workflows).toHaveProperty(type);
  });

  test('shows a state that the API has, and can be aborted unless it deletes or commits', () => {
    expect(STATES).toContain(state);
    expect(unabortable === undefined).toBe(purpose !== 'delete' && type !== 'CommitUpgrade');
  });
});
