/**
 * `slipway version`: Slipway's own version, and in a sandbox also which tools it runs and which way each came.
 *
 * Owns: how that is printed. Neighbours: a sandbox writes its tools into `config.json` in its home.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { slipwayHome } from '../configuration.ts';

const TOOL = z.object({ tool: z.string(), version: z.string(), came: z.string() });
export type ToolVersion = z.infer<typeof TOOL>;

export type Version = {
  readonly version: string;
  readonly node: string;
  /** None outside of a sandbox. */
  readonly tools: readonly ToolVersion[];
};

/** A version is said whatever there is: a configuration that cannot be read is told by the commands that need it. */
const toolsOf = (home: string): readonly ToolVersion[] => {
  try {
    const content: unknown = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
    return z.object({ tools: z.array(TOOL) }).parse(content).tools;
  } catch {
    return [];
  }
};

export const version = (environment: NodeJS.ProcessEnv = process.env): Version => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return { version: manifest.version, node: process.version, tools: toolsOf(slipwayHome(environment)) };
};

export const versionText = ({ version: own, node, tools }: Version): string =>
  [
    `slipway ${own} (Node.js ${node})`,
    ...tools.map(({ tool, version: other, came }) => `  ${tool} ${other}: ${came}`),
  ].join('\n');
