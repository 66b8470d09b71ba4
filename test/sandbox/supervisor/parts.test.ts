import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { layoutOf } from '../../../sandbox/layout.ts';
import { partsOf } from '../../../sandbox/supervisor/parts.ts';

const CHECKOUT = '/checkout';
const layout = layoutOf({
  home: '/home/sandbox',
  bin: '/bin',
  python: 'python',
  node: 'node',
  cache: '/cache',
  checkout: CHECKOUT,
  network: 16,
  proxyPort: 8118,
});

const scriptOf = (name: string): string => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  return scripts[name] ?? '';
};

describe('what the sandbox starts', () => {
  test.each([
    ['slipway-worker', 'worker'],
    ['slipway-client', 'watcher'],
    ['slipway-admission', 'admission'],
  ])('as %s is what `npm run %s` starts', (part, script) => {
    const words = scriptOf(script).split(' ');
    const settings = words.filter((word) => /^[A-Z_]+=/.test(word));
    const found = partsOf(layout, 'mark', {}).find(({ name }) => name === part);
    const command = [found?.file, ...(found?.args ?? [])].map((word) => word?.replace(`${CHECKOUT}/`, ''));
    expect(command).toEqual(words.slice(settings.length));
    for (const setting of settings) {
      const [name = '', value] = setting.split('=');
      expect(found?.env[name]).toBe(value);
    }
  });
});
