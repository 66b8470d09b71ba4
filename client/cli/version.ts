/** `slipway version`. */
import { readFileSync } from 'node:fs';

export type Version = { readonly version: string; readonly node: string };

export const version = (): Version => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return { version: manifest.version, node: process.version };
};
