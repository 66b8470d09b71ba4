/** Whose a Secret is: by our annotations alone, whatever its labels and name say (I4). */
import { describe, expect, test } from '@jest/globals';
import { annotationsOf, belongsToByMarks, isMarked, labelsOf } from '../../../activities/kubernetes/secret-marks.ts';
import { KEY_TAG, UID_TAG } from '../../../api/names.ts';

const wanted = {
  key: 'secret/root-ca',
  owner: { account: '1', region: 'r', clusterId: 'gke-12345678', uid: 'uid' },
};
const secretWith = (annotations?: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'gke-12345678-root-ca',
    labels: labelsOf(wanted),
    ...(annotations === undefined ? {} : { annotations }),
  },
});

describe('a Secret with our labels', () => {
  test('and the annotations that we give is ours', () => {
    const secret = secretWith(annotationsOf(wanted));
    expect([isMarked(secret), belongsToByMarks(secret, wanted)]).toEqual([true, 'ours']);
  });

  test.each([
    ['without annotations', undefined, false, 'somebody else: it has no owner annotation'],
    ['without a uid', { [KEY_TAG]: wanted.key }, false, 'somebody else: it has no owner annotation'],
    ['without a key', { [UID_TAG]: 'uid' }, false, 'the object with uid uid'],
    ['of another object', { [UID_TAG]: 'other', [KEY_TAG]: wanted.key }, true, 'the object with uid other'],
    ['of another key', { [UID_TAG]: 'uid', [KEY_TAG]: 'secret/etcd-ca' }, true, 'the object with uid uid'],
  ])('%s is not', (_how, annotations, marked, other) => {
    const secret = secretWith(annotations);
    expect([isMarked(secret), belongsToByMarks(secret, wanted)]).toEqual([marked, { other }]);
  });
});
