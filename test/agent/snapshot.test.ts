/** A snapshot of etcd is passed on as it comes, and fails where what came is not whole. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkedSnapshot, statusIn } from '../../agent/snapshot.ts';

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** As etcd's gateway writes it: pieces of any length, the sum behind all. */
const lines = (content: Uint8Array, pieces: readonly number[]): string[] => {
  const whole = Buffer.concat([content, sha256(content)]);
  const cuts = [...new Set(pieces.map((piece) => piece % (whole.length + 1)))].sort((a, b) => a - b);
  const ends = [...cuts, whole.length];
  return ends.map((end, index) =>
    JSON.stringify({
      result: {
        remaining_bytes: `${whole.length - end}`,
        blob: whole.subarray(ends[index - 1] ?? 0, end).toString('base64'),
      },
    }),
  );
};

async function* stream(all: readonly string[]): AsyncGenerator<string> {
  yield* all;
}

const read = async (all: readonly string[]) => {
  const snapshot = checkedSnapshot(stream(all));
  const bytes: Uint8Array[] = [];
  for await (const piece of snapshot.bytes) bytes.push(piece);
  return { content: Buffer.concat(bytes), passed: snapshot.passed() };
};

const contents = fc.uint8Array({ minLength: 1, maxLength: 400 });
const pieces = fc.array(fc.nat(), { maxLength: 8 });

describe("etcd's snapshot", () => {
  test('passes as one file, in whatever pieces it comes, with the sum that sha256sum says', async () => {
    await fc.assert(
      fc.asyncProperty(contents, pieces, async (content, cuts) => {
        const whole = Buffer.concat([content, sha256(content)]);
        const { content: came, passed } = await read(lines(content, cuts));
        expect(came.equals(whole)).toBe(true);
        expect(passed).toEqual({ size: whole.length, sha256: sha256(whole).toString('hex') });
      }),
    );
  });

  test('that is cut anywhere fails', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), async (content, at) => {
        const whole = Buffer.concat([content, sha256(content)]);
        const part = whole.subarray(0, at % whole.length).toString('base64');
        await expect(read([JSON.stringify({ result: { blob: part } })])).rejects.toThrow('is not whole');
      }),
    );
  });

  test('of which one bit differs fails, and says nothing of what it held', async () => {
    const all = lines(Buffer.from('a-very-plain-word'), []);
    const whole = Buffer.from((JSON.parse(all[0] ?? '') as { result: { blob: string } }).result.blob, 'base64');
    whole[3] = (whole[3] ?? 0) ^ 1;
    const failing = read([JSON.stringify({ result: { blob: whole.toString('base64') } })]);
    await expect(failing).rejects.toThrow(
      /^etcd's snapshot is not whole: its checksum is another than that of the \d+ bytes/,
    );
  });

  test('that etcd ends with an error fails with it', async () => {
    const error = JSON.stringify({ error: { message: 'etcdserver: leader changed' } });
    await expect(read([...lines(Buffer.from('x'), []), error])).rejects.toThrow('leader changed');
  });

  test('says nothing of its size before it has passed', () => {
    expect(() => checkedSnapshot(stream([])).passed()).toThrow('not passed yet');
  });
});

describe('how etcd is', () => {
  const answer = (more: object = {}) =>
    JSON.stringify({ header: { member_id: '7', revision: '4711' }, version: '3.6.16', leader: '7', ...more });

  test('is its version, its revision and whether it leads', () => {
    expect(statusIn(answer())).toEqual({ version: '3.6.16', revision: '4711', leads: true });
    expect(statusIn(answer({ leader: '8' }))).toMatchObject({ leads: false });
  });

  test.each([
    ['a learner', { isLearner: true }, 'learner'],
    ['without a leader', { leader: '0' }, 'no leader'],
  ])('%s is no member to take a snapshot of', (_, more, why) => {
    expect(statusIn(answer(more)).unfit).toContain(why);
  });

  test('is unknown where it says no revision', () => {
    expect(() => statusIn('{}')).toThrow('neither its version nor its revision');
  });
});
