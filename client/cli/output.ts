/**
 * Output: what goes to which stream, and in colour or not.
 *
 * Owns: that data alone goes to standard output, so that it can be piped; everything said beside it goes to standard error.
 */
import colors from 'picocolors';
import type { Paint } from './tree.ts';

/** Colours for terminals only, unless FORCE_COLOR asks for them; never against https://no-color.org. */
export const paintFor = (stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Paint => {
  const { NO_COLOR: refused, FORCE_COLOR: forced, TERM: terminal } = environment;
  if (refused) return colors.createColors(false);
  if (forced && forced !== '0') return colors.createColors(true);
  return colors.createColors(stream.isTTY === true && terminal !== 'dumb');
};

export const print = (data: string): void => void process.stdout.write(`${data}\n`);
export const printJson = (data: unknown): void => print(JSON.stringify(data, null, 2));
export const say = (words: string): void => void process.stderr.write(`${words}\n`);

/** A reader that has seen enough, such as `head`, ends us without a fuss. */
export const endWithReader = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
};
