/**
 * `slipway version`: Slipway's own version, and in a sandbox also which tools it runs and which way each came.
 *
 * Owns: how that is printed. Neighbours: a sandbox writes its tools into `config.json` in its home.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slipwayHome } from '../configuration.ts';

type ToolVersion = { readonly tool: string; readonly version: string; readonly came: string };

export type Version = {
  readonly version: string;
  readonly node: string;
  /** None outside of a sandbox. */
  readonly tools: readonly ToolVersion[];
};

/** By hand, since zod alone takes longer to load than the command has. */
const isToolVersion = (one: unknown): one is ToolVersion => {
  const { tool, version: other, came } = (one ?? {}) as Partial<Record<keyof ToolVersion, unknown>>;
  return [tool, other, came].every((word) => typeof word === 'string');
};

/** A version is said whatever there is: a configuration that cannot be read is told by the commands that need it. */
const toolsOf = (home: string): readonly ToolVersion[] => {
  try {
    const content = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')) as { readonly tools?: unknown };
    return Array.isArray(content.tools) ? content.tools.filter(isToolVersion) : [];
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
