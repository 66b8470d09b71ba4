/**
 * The supervisor: one process per sandbox, which brings its parts up and back.
 *
 * Owns: the wiring. Started by `up` with what to run as its argument; ends with SIGTERM, after everything that it started.
 * Where an earlier supervisor died, its parts still run: they are taken up, because the account lives in one of them.
 * Where the account is gone, the sandbox begins anew. Neighbours: `supervise.ts` owns each part's life.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { claimAddresses } from '../addresses.ts';
import { SandboxFailure } from '../failure.ts';
import { layoutOf } from '../layout.ts';
import { isLock, tryLock } from '../lock.ts';
import { identify, isAlive, type ProcessIdentity } from '../process.ts';
import { cacheFolder } from '../tools/build.ts';
import { forgetEverything, prepareHome } from './beginning.ts';
import { listenForOrders, type Order } from './control.ts';
import { endEverything } from './ending.ts';
import { partsOf } from './parts.ts';
import { newMark, readLayout, readState, type SandboxState, writeState } from './state.ts';
import { type Supervised, supervise } from './supervise.ts';

/** What `up` passes on. */
export type SupervisorOptions = {
  readonly home: string;
  readonly bin: string;
  readonly python: string;
  readonly checkout: string;
  /** Machines are objects of one process. */
  readonly stub: boolean;
  /** Versions whose programs are in `bin` beside today's. */
  readonly releases: readonly string[];
  /** The sandbox goes down when this process ends, however it ends. */
  readonly attachedTo?: ProcessIdentity;
};

const log = (what: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${what}\n`);
};

const options = JSON.parse(process.argv[2] ?? '') as SupervisorOptions;
const self = identify(process.pid);
if (self === undefined) throw new Error('this process has no entry in /proc: is /proc mounted?');
const lock = tryLock(`${options.home}/supervisor.lock`, 'supervisor');
if (!isLock(lock)) {
  log(`process ${lock.pid} supervises ${options.home} already`);
  process.exit(0);
}

const before = readState(options.home);
const layoutBefore = readLayout(options.home);
const accountLives = before?.parts.some((part) => part.name === 'aws' && part.process && isAlive(part.process));
const claim = await claimAddresses(
  options.home,
  layoutBefore && {
    network: layoutBefore.network,
    proxyPort: layoutBefore.proxy.port,
    inUse: accountLives === true,
  },
);
const layout = layoutOf({
  ...options,
  node: process.execPath,
  cache: cacheFolder(),
  network: claim.network,
  proxyPort: claim.proxyPort,
  // The account has the addresses of one kind or the other.
  stub: accountLives === true ? layoutBefore?.stub !== undefined : options.stub,
});
const mark = accountLives && before ? before.mark : newMark();

if (before !== undefined && !accountLives) {
  log('the account of the sandbox before is gone: beginning anew');
  const parts = partsOf(layout, before.mark, process.env);
  await endEverything({
    layout: layoutBefore ?? layout,
    mark: before.mark,
    parts,
    records: () => before.parts,
  });
  forgetEverything(options.home);
}
mkdirSync(options.home, { recursive: true, mode: 0o700 });
await prepareHome(layout);

let supervised: readonly Supervised[] = [];
const save = (): void => {
  const state: SandboxState = { v: 1, mark, supervisor: self, parts: supervised.map((one) => one.record()) };
  writeState(options.home, state);
};
const byName = (name: string): Supervised | undefined => supervised.find((one) => one.part.name === name);
supervised = partsOf(layout, mark, process.env).map((part) =>
  supervise(part, {
    before: accountLives ? before?.parts.find((record) => record.name === part.name) : undefined,
    needed: () => Promise.all(part.needs.flatMap((name) => byName(name)?.untilReady() ?? [])),
    changed: () => {
      const { state, reason } = byName(part.name)?.record() ?? {};
      if (state !== undefined) log(`${part.name}: ${state}${reason ? ` (${reason})` : ''}`);
      save();
    },
  }),
);
save();

const known = (name: string): Supervised => {
  const one = byName(name);
  if (one !== undefined) return one;
  const names = supervised.map(({ part }) => part.name).join(', ');
  throw new SandboxFailure('noSuchPart', `the sandbox has no part ${name}`, `its parts are ${names}`);
};

const startOne = (one: Supervised): void => {
  if (one.record().state === 'account lost') {
    throw new SandboxFailure(
      'refused',
      `${one.part.name} held its account in memory, and that is lost: everything in the sandbox spoke of it`,
      '`npm run sandbox -- up` begins anew',
    );
  }
  one.start();
};

const carryOut = async (order: Order): Promise<void> => {
  log(`order: ${JSON.stringify(order)}`);
  switch (order.verb) {
    case 'start-all':
      for (const one of supervised) startOne(one);
      return;
    case 'start':
      return startOne(known(order.part));
    case 'stop':
      return known(order.part).stop();
    case 'kill':
      return known(order.part).kill();
    case 'reset': {
      const one = known(order.part);
      if (one.part.data.length === 0) {
        throw new SandboxFailure(
          'refused',
          `${order.part} keeps nothing of its own that could be thrown away`,
          '`npm run sandbox -- reset temporal` or, for everything, `npm run sandbox -- reset`',
        );
      }
      await one.stop();
      for (const file of one.part.data) rmSync(file, { recursive: true, force: true });
      return startOne(one);
    }
  }
};

const server = await listenForOrders(options.home, carryOut);
log(`supervising ${options.home} on 127.${layout.network}.0.0/16 with the proxy at port ${layout.proxy.port}`);
for (const one of supervised) one.start();

const down = async (): Promise<void> => {
  log('going down');
  server.close();
  // First of all nothing may come back; then everything ends in order.
  const stops = supervised.map((one) => one.letGo());
  await endEverything({
    layout,
    mark,
    parts: supervised.map((one) => one.part),
    records: () => supervised.map((one) => one.record()),
  });
  await Promise.all(stops);
  save();
  claim.release();
  lock.release();
  log('down');
  process.exit(0);
};
let goingDown: Promise<void> | undefined;
const goDown = (): void => {
  goingDown ??= down();
};
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, goDown);
const { attachedTo } = options;
if (attachedTo !== undefined) {
  setInterval(() => {
    if (!isAlive(attachedTo)) goDown();
  }, 500);
}
