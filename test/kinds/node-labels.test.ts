/** What makes a node carry the labels and taints that are asked for, and leaves those of others. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type MarksPatch, marksPatch, type NodeMarks, type WantedMarks } from '../../kinds/node-labels.ts';

const wanted = (overrides: Partial<WantedMarks> = {}): WantedMarks => ({
  labels: {},
  taints: [],
  formerLabels: [],
  formerTaints: [],
  ...overrides,
});
const is = (labels: NodeMarks['labels'], taints: NodeMarks['taints'] = []): NodeMarks => ({ labels, taints });
const OURS = { key: 'team', value: 'a', effect: 'NoSchedule' };
const THEIRS = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };

test.each<[string, WantedMarks, NodeMarks, MarksPatch | undefined]>([
  ['a label is set', wanted({ labels: { team: 'a' } }), is({ own: 'x' }), { labels: { team: 'a' } }],
  ['a label gets another value', wanted({ labels: { team: 'a' } }), is({ team: 'b' }), { labels: { team: 'a' } }],
  ['a former label is taken off', wanted({ formerLabels: ['team'] }), is({ team: 'b' }), { labels: { team: null } }],
  ['a former label that is gone is no reason to write', wanted({ formerLabels: ['team'] }), is({}), undefined],
  [
    'a former label is taken off whatever it is called',
    wanted({ formerLabels: ['constructor', 'valueOf'] }),
    is({ constructor: 'b' } as unknown as NodeMarks['labels']),
    { labels: { constructor: null } } as unknown as MarksPatch,
  ],
  ['a taint is set beside those of others', wanted({ taints: [OURS] }), is({}, [THEIRS]), { taints: [THEIRS, OURS] }],
  [
    'a taint gets another value',
    wanted({ taints: [OURS] }),
    is({}, [{ ...OURS, value: 'b' }, THEIRS]),
    { taints: [THEIRS, OURS] },
  ],
  [
    'a former taint is taken off, and the same key with another effect stays',
    wanted({ formerTaints: ['team:NoSchedule'] }),
    is({}, [OURS, { ...OURS, effect: 'NoExecute' }]),
    { taints: [{ ...OURS, effect: 'NoExecute' }] },
  ],
  ['the order of taints is no difference', wanted({ taints: [OURS] }), is({}, [OURS, THEIRS]), undefined],
])('%s', (_, asked, node, patch) => {
  expect(marksPatch(asked, node)).toEqual(patch);
});

test('after the patch nothing differs, and what nobody asked about is as it was', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'constructor', 'valueOf');
  const labels = fc.dictionary(key, fc.constantFrom('1', '2'));
  const taint = fc.record({ key, value: fc.constantFrom('', '1'), effect: fc.constantFrom('NoSchedule', 'NoExecute') });
  const taints = fc.uniqueArray(taint, { selector: (one) => `${one.key}:${one.effect}` });
  const formerTaints = fc.uniqueArray(fc.constantFrom('a:NoSchedule', 'b:NoExecute'));
  const asked = fc.record({ labels, taints, formerLabels: fc.uniqueArray(key), formerTaints });
  fc.assert(
    fc.property(asked, fc.record({ labels, taints }), (want, node) => {
      const patch = marksPatch(want, node) ?? {};
      const all = Object.entries({ ...node.labels, ...patch.labels }).filter(([, value]) => value !== null);
      const after: NodeMarks = {
        labels: Object.fromEntries(all) as NodeMarks['labels'],
        taints: patch.taints ?? node.taints,
      };
      expect(marksPatch(want, after)).toBeUndefined();
      const touched = [...Object.keys(want.labels), ...want.formerLabels];
      for (const [name, value] of Object.entries(node.labels)) {
        if (!touched.includes(name)) expect(after.labels[name]).toBe(value);
      }
    }),
  );
});
