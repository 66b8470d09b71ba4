/** The folder with the real binaries, built into the cache on first use. */
import { ensureTools } from '../../sandbox/tools/build.ts';

let tools: Promise<string> | undefined;

export const toolsFolder = (): Promise<string> => {
  tools ??= ensureTools().then((built) => built.bin);
  return tools;
};
