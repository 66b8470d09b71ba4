import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { forbiddenImports, ROOMS, roomOf } from './rooms.ts';

const CHECKOUT = join(import.meta.dirname, '..');
const NO_ROOMS = ['node_modules', 'coverage', 'test'];
const files = globSync('*/**/*.{ts,js}', { cwd: CHECKOUT, exclude: (name) => NO_ROOMS.includes(name) }).sort();

describe('rooms', () => {
  test('import what their rows say, and nothing else', () => {
    const forbidden = files.flatMap((file) => forbiddenImports(file, readFileSync(join(CHECKOUT, file), 'utf8')));
    expect(forbidden).toEqual([]);
  });

  test('have a row each', () => {
    expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(ROOMS).sort());
  });
});

describe('an import', () => {
  test.each([
    ['of its own room', 'policy/a.ts', "import { b } from './b.ts';"],
    ['of a room below', 'policy/kinds/a.ts', "import {\n  b,\n  type C,\n} from '../../api/b.ts';"],
    ['of types, by a room that sees no more', 'workflows/a.ts', "export type { B } from '../policy/b.ts';"],
    ['of a vendor, where it may be known', 'activities/aws/a.ts', "import { EC2 } from '@aws-sdk/client-ec2';"],
    ['of a package that is everybody’s', 'api/a.ts', "import { isIP } from 'ipaddr.js';"],
  ])('%s passes', (_what, path, text) => {
    expect(forbiddenImports(path, text)).toEqual([]);
  });

  test.each([
    ['of a room above', 'topology/a.ts', "import { b } from '../policy/b.ts';"],
    ['of types of a room above', 'topology/a.ts', "import type { B } from '../policy/b.ts';"],
    ['over several lines', 'policy/kinds/a.ts', "import {\n  b,\n  type C,\n} from '../../workflows/b.ts';"],
    ['of code, by a room that sees types', 'workflows/a.ts', "import { type B, c } from '../policy/b.ts';"],
    ['for its effect', 'agent/a.ts', "import '../sandbox/b.ts';"],
    ['that is handed on', 'client/a.ts', "export * from '../activities/b.ts';"],
    ['that is made later', 'client/cli/a.ts', "  const { b } = await import('../../activities/b.ts');"],
    ['of a vendor', 'client/a.ts', "import { EC2 } from '@aws-sdk/client-ec2';"],
    ['of what differs from run to run', 'workflows/a.ts', "import { randomUUID } from 'node:crypto';"],
    ['of a test', 'bench/a.ts', "import { b } from '../test/b.ts';"],
  ])('%s is told', (_what, path, text) => {
    const from = /'(.*)'/.exec(text)?.[1] ?? '';
    expect(forbiddenImports(path, text)).toEqual([expect.stringMatching(new RegExp(`^${path}: .*${from}$`))]);
  });
});
