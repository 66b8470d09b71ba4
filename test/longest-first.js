/**
 * Longest first: the order in which test files begin.
 *
 * Owns: that a long file is not the last to begin, while the other cores have nothing to do any more. Jest itself goes by what
 * it measured before, which a fresh clone hasn't, and else by the sizes of files, which say little about journeys.
 */
import Sequencer from '@jest/test-sequencer';

/** By measured time. What is not listed takes less than a minute, and comes after in Jest's own order. */
const LONG = [
  'journeys/machine-loss',
  'journeys/volume-loss',
  'journeys/create',
  'situations/situations',
  'journeys/killed',
  'journeys/deleted-any-time',
  'faults/matrix',
  'docs/operations',
  'journeys/change',
  'journeys/wrong-place',
  'sandbox/unprivileged',
  'sandbox/sandbox',
  'model/model',
  'workflows/verbs',
  'agent/replicas',
];

const placeOf = (path) => {
  const place = LONG.findIndex((name) => path.includes(`/test/${name}.`));
  return place === -1 ? LONG.length : place;
};

export default class LongestFirst extends Sequencer {
  async sort(tests) {
    const inItsOrder = await super.sort(tests);
    return [...inItsOrder].sort((one, other) => placeOf(one.path) - placeOf(other.path));
  }
}
