/** `slipway clusters restore`: what it shows, what it asks for, and when it ends. */
import { describe, expect, test } from '@jest/globals';
import { restoreIdOf } from '../../api/restore-id.ts';
import { askForRestore, awaitRestore } from '../../client/cli/restore.ts';
import { restoreProgress } from '../../client/cli/restore-progress.ts';
import { type KnownPreview, previewLines } from '../../client/cli/restore-text.ts';
import type { StoredCluster } from '../../client/management.ts';
import { RESTORE_ANNOTATION, restoreIn } from '../../words/restore.ts';
import { storedCluster } from './objects.ts';

const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-0' } as const;
const KEY = 'gke-dfccaa67/etcd/20261130T194500123Z-4711.db';
const NOW = Date.parse('2026-11-30T21:45:00.123Z');
const BACKUP = {
  ...{ key: KEY, time: '2026-11-30T19:45:00.123Z', revision: '4711', size: 3_565_158 },
  ...{ sha256: 'ab'.repeat(32), etcd: '3.6.16', kubernetes: '1.36.3' },
};
const NONE = { count: 0, names: [] };

const lines = (since: KnownPreview['since'], passedOver: readonly string[] = []): readonly string[] =>
  previewLines(OBJECT, { kind: 'known', bucket: 'b', backup: BACKUP, passedOver, since }, NOW);

describe('the preview of a restore', () => {
  test('says what comes back, what is lost, what can not be known, and what goes on meanwhile', () => {
    const shown = lines({
      kind: 'read',
      resources: [
        {
          resource: 'pods',
          created: { count: 4, names: ['default/a', 'default/b', 'default/c'] },
          changed: { count: 1, names: ['default/d'] },
        },
        { resource: 'nodes', created: { count: 1, names: ['node-1'] }, changed: NONE },
      ],
      notRead: [{ resource: 'widgets.example.com', why: 'conversion webhook is down' }],
    });
    expect(shown[0]).toBe(`AWSCluster default/cluster-0: a restore from ${KEY}`);
    expect(shown).toEqual(
      expect.arrayContaining([
        expect.stringContaining(
          'what etcd held at 2026-11-30T19:45:00Z, 120m ago: 3.4 MiB, revision 4711, of etcd 3.6.16 and Kubernetes 1.36.3',
        ),
        expect.stringContaining('pods: 4 created (default/a, default/b, default/c, …), 1 changed (default/d)'),
        expect.stringContaining('nodes: 1 created (node-1)'),
        expect.stringContaining('could not be read: widgets.example.com: conversion webhook is down'),
        expect.stringContaining("whatever was deleted since. What that is can't be known"),
        expect.stringContaining('all three replicas stop, and the API is away for about a minute. Nodes run on'),
        expect.stringContaining('who watches lists anew. Machines that joined since are replaced'),
        expect.stringContaining('under etcd.before-<id of the restore>'),
      ]),
    );
  });

  test('says that everything since is lost where the API did not answer', () => {
    expect(lines({ kind: 'unread', why: 'https://nlb did not answer within 10 s' }).join('\n')).toMatch(
      /will be lost: everything that was written since 2026-11-30T19:45:00Z\n.*can't be said.*did not answer within 10 s/,
    );
  });

  test('says that nothing is lost only where all could be read', () => {
    const notRead = [1, 2, 3, 4, 5, 6, 7].map((one) => ({ resource: `r${one}`, why: 'there was no time left for it' }));
    const nothing = 'will be lost: nothing that is there was created or changed since';
    expect(lines({ kind: 'read', resources: [], notRead: [] }).join('\n')).toContain(nothing);
    const some = lines({ kind: 'read', resources: [], notRead }).join('\n');
    expect(some).not.toContain(nothing);
    expect(some).toContain('could not be read: 2 more resources');
  });

  test('names newer snapshots that were passed over', () => {
    const shown = lines({ kind: 'read', resources: [], notRead: [] }, ['k: it has no manifest']);
    expect(shown.join('\n')).toContain("newer, and can't be restored: k: it has no manifest");
  });
});

const operation = (overrides: object = {}) =>
  ({
    lastOperation: {
      ...{ type: 'RestoreCluster', state: 'running', runID: 'r-2', progress: { done: 3, total: 14 } },
      steps: [{ step: 'ensure restore-order/controlplane-0/halt', state: 'running' }],
      ...overrides,
    },
  }) as Partial<StoredCluster['status']>;

const ASKED = { id: 'aaaa1111', before: 'r-1', at: NOW };
const STALLED = { conditions: [{ type: 'Stalled', status: 'True', message: 'etcd-volume/0 is lost' }] } as const;
const progress = (status: Partial<StoredCluster['status']>, later = 0) =>
  restoreProgress(storedCluster(status), ASKED, NOW + later);

describe('a restore that is waited for', () => {
  test('is done when status names it, and not when it names another one', () => {
    expect(progress({ restored: { id: 'aaaa1111' } })).toEqual({ kind: 'done' });
    expect(progress({ restored: { id: 'bbbb2222', from: KEY } }).kind).toBe('waiting');
  });

  test('says which step it is at', () => {
    expect(progress(operation())).toEqual({
      kind: 'waiting',
      says: 'RestoreCluster: 3 of 14 steps done: ensure restore-order/controlplane-0/halt',
    });
    expect(progress(operation({ state: 'paused' }))).toMatchObject({ says: expect.stringContaining('is paused') });
  });

  test('waits for what runs before it, and takes an earlier restore for none', () => {
    const before = { type: 'UpdateCluster', state: 'running', runID: 'r-1' };
    expect(progress(operation(before))).toMatchObject({ says: expect.stringContaining('UpdateCluster is running') });
    expect(progress(operation({ state: 'aborted', runID: 'r-1' })).kind).toBe('waiting');
  });

  test('ends where it was aborted, or where a step waits for a person, with what to do', () => {
    expect(progress(operation({ state: 'aborted' }))).toMatchObject({
      kind: 'stopped',
      why: expect.stringContaining('It was aborted.'),
    });
    const lastErrors = [
      { step: 'ensure restore-source/snapshot', verdict: 'blocked', message: 'AccessDenied' },
    ] as const;
    expect(progress({ ...operation(), lastErrors })).toMatchObject({
      kind: 'stopped',
      why: expect.stringMatching(
        /AccessDenied\. Once it is cured: .*operations retry cluster cluster-0 .*'ensure restore-source\/snapshot'/,
      ),
    });
  });

  test('ends where it does not begin, and not while status may be old', () => {
    expect(progress(STALLED, 1_000).kind).toBe('waiting');
    expect(progress(STALLED, 91_000)).toMatchObject({
      kind: 'stopped',
      why: expect.stringContaining('etcd-volume/0 is lost'),
    });
    expect(progress({}, 10_000_000).kind).toBe('waiting');
  });

  test('ends where the cluster is being deleted', () => {
    const going = storedCluster();
    const deleted = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-11-30T20:00:00Z' } };
    expect(restoreProgress(deleted, ASKED, NOW)).toEqual({ kind: 'stopped', why: 'The cluster is being deleted.' });
  });
});

/** An API that answers in turn, its last answer for ever, and remembers what it was told. */
const apiWith = (...clusters: readonly StoredCluster[]) => {
  const left = [...clusters];
  const annotated: Readonly<Record<string, string>>[] = [];
  return {
    annotated,
    api: {
      cluster: async () => (left.length > 1 ? left.shift() : left[0]) as StoredCluster,
      annotate: async (
        _kind: string,
        _namespace: string,
        _name: string,
        annotations: Readonly<Record<string, string>>,
      ) => {
        annotated.push(annotations);
      },
    },
  };
};
const PREVIEW = { object: OBJECT, backup: BACKUP };
const ask = (api: ReturnType<typeof apiWith>['api']) => askForRestore(api, PREVIEW, { token: 'fresh', now: NOW });

describe('asking for a restore', () => {
  test('is an annotation that names snapshot and token, under the id that the worker makes of it', async () => {
    const { api, annotated } = apiWith(storedCluster(operation({ state: 'succeeded', runID: 'r-1' })));
    const asked = await ask(api);
    expect(annotated).toEqual([{ [RESTORE_ANNOTATION]: `${KEY} fresh` }]);
    expect(restoreIn(annotated[0]?.[RESTORE_ANNOTATION] ?? '')).toMatchObject({ key: KEY, token: 'fresh' });
    expect(asked).toMatchObject({ id: restoreIdOf('uid-0', `${KEY} fresh`), before: 'r-1', from: KEY });
  });

  test('is refused for another cluster of that name, and while one is under way', async () => {
    const other = storedCluster();
    const { api, annotated } = apiWith({ ...other, metadata: { ...other.metadata, uid: 'uid-1' } });
    await expect(ask(api)).rejects.toThrow('is another one by now');
    for (const state of ['running', 'paused']) {
      await expect(ask(apiWith(storedCluster(operation({ state }))).api)).rejects.toThrow('is being restored already');
    }
    expect(annotated).toEqual([]);
  });

  test('tells how far it is, each sentence once, until it is done', async () => {
    const asked = { object: OBJECT, from: KEY, token: 'fresh', ...ASKED };
    const running = storedCluster(operation());
    const { api } = apiWith(storedCluster(), running, running, storedCluster({ restored: { id: 'aaaa1111' } }));
    const said: string[] = [];
    await awaitRestore(asked, {
      api,
      onProgress: (one) => said.push(one),
      now: () => NOW,
      pause: async () => undefined,
    });
    expect(said).toEqual([expect.stringContaining('not begun yet'), expect.stringContaining('3 of 14 steps done')]);
  });

  test('fails where it was aborted, with the command that shows more', async () => {
    const asked = { object: OBJECT, from: KEY, token: 'fresh', ...ASKED };
    const { api } = apiWith(storedCluster(operation({ state: 'aborted' })));
    await expect(awaitRestore(asked, { api, onProgress: () => undefined, now: () => NOW })).rejects.toThrow(
      /AWSCluster default\/cluster-0 is not restored from .* It was aborted\..* clusters describe cluster-0 -n default\./,
    );
  });
});
