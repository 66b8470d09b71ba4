/** `slipway version`. */
import { readFileSync } from 'node:fs';

const packageVersion = (): string => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
};

export const versionText = (output: string): string =>
  output === 'json'
    ? JSON.stringify({ version: packageVersion(), node: process.version }, null, 2)
    : `slipway ${packageVersion()} (Node.js ${process.version})`;
