/** What people reported elsewhere of names: in addresses of other tools, and of two things that had one name. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterIdOf, entityWorkflowId } from '../../api/names.ts';
import { contextNameOf } from '../../client/cli/kubeconfig.ts';
import { operationIdOf } from '../../words/operations.ts';

const ENDS = 'abcdefghijklmnopqrstuvwxyz0123456789'.split('');
/** As the API server lets objects and namespaces be called. */
const name = (...inside: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...ENDS),
      fc.string({ unit: fc.constantFrom(...ENDS, ...inside), maxLength: 61 }),
      fc.constantFrom(...ENDS),
    )
    .map((parts) => parts.join(''));
const objects = fc.record({ namespace: name('-'), name: name('-', '.'), uid: fc.uuid() });

// https://github.com/temporalio/ui/issues/753: what had to be escaped in an address could not be looked at
test('workflows have ids that no address, shell or query has to escape', () => {
  fc.assert(
    fc.property(objects, fc.constantFrom('AWSCluster', 'AWSNodePool'), (object, kind) => {
      const id = operationIdOf(entityWorkflowId({ kind, ...object }));
      expect(id).toMatch(/^[a-z0-9./-]+$/);
      expect(encodeURI(id)).toBe(id);
      // Temporal takes a thousand characters.
      expect(id.length).toBeLessThan(300);
    }),
  );
});

// https://github.com/Azure/AKS/issues/178, https://github.com/aws/aws-cli/issues/4079: one entry took another's place, or stood behind it
test('two clusters never have one context, whatever they are called and wherever they are', () => {
  const clusters = objects.map((object) => ({ ...object, clusterId: clusterIdOf(object.uid) }));
  fc.assert(
    fc.property(clusters, clusters, (one, other) => {
      const isSame = JSON.stringify([one.namespace, one.name, one.clusterId]);
      fc.pre(isSame !== JSON.stringify([other.namespace, other.name, other.clusterId]));
      expect(contextNameOf(one)).not.toBe(contextNameOf(other));
      // The same names again are the same cluster: its entry is renewed.
      expect(contextNameOf({ ...one })).toBe(contextNameOf(one));
    }),
  );
});
