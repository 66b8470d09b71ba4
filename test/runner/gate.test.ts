import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { waitFor } from '../support/wait.ts';
import { type Gate, type Message, openGate } from './gate.ts';

let gate: Gate | undefined;
const files: Socket[] = [];
afterEach(() => {
  for (const file of files.splice(0)) file.destroy();
  gate?.close();
});

/** A gate of a computer that is busy with other things. */
const openBusyGate = async (): Promise<Gate> => {
  gate = await openGate(() => ({ idle: 0, available: 0 }));
  return gate;
};

/** A file that asks to begin; answers what it has heard so far. */
const ask = ({ path }: Gate): { readonly socket: Socket; readonly begun: () => boolean } => {
  const socket = connect(path);
  files.push(socket);
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  socket.write(`${JSON.stringify({ kind: 'may I begin' } satisfies Message)}\n`);
  return { socket, begun: () => heard === 'begin\n' };
};

const untilBegun = (file: ReturnType<typeof ask>) =>
  waitFor('the file to begin', () => Promise.resolve(file.begun() ? true : undefined));

test('on a busy computer two files begin, and the third when one of them has left', async () => {
  const open = await openBusyGate();
  const [first, second] = [ask(open), ask(open)];
  await untilBegun(first);
  await untilBegun(second);
  const third = ask(open);
  await waitFor('the third to be heard', () => Promise.resolve(open.waiting() === 1 ? true : undefined));
  expect(third.begun()).toBe(false);
  first.socket.end();
  await untilBegun(third);
});

test('a file whose process dies has left', async () => {
  const open = await openBusyGate();
  const [first, second] = [ask(open), ask(open)];
  await untilBegun(first);
  await untilBegun(second);
  const third = ask(open);
  second.socket.destroy();
  await untilBegun(third);
});

test('a file that dies in the middle of a word has left, and said nothing', async () => {
  const open = await openBusyGate();
  const { socket } = ask(open);
  await new Promise((resolve) => socket.write('{"kind":"ended","file":"half', resolve));
  socket.destroy();
  const [first, second] = [ask(open), ask(open)];
  await untilBegun(first);
  await untilBegun(second);
  expect(open.told()).toEqual([]);
});

test('what a file waited for is heard when it ends', async () => {
  const open = await openBusyGate();
  const { socket } = ask(open);
  const told = {
    file: 'test/one.test.ts',
    from: 1,
    to: 9,
    waits: [{ kind: 'timers', what: '', from: 2, to: 3 }],
  } as const;
  socket.end(`${JSON.stringify({ kind: 'ended', ...told } satisfies Message)}\n`);
  await waitFor('it to be heard', () => Promise.resolve(open.told().length > 0 ? true : undefined));
  expect(open.told()).toMatchObject([told]);
});
