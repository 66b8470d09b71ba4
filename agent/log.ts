/**
 * Log: JSON lines on standard output, for people who ask what an instance is doing.
 *
 * Owns: the line format, `{time, level, message, …fields}`. Neighbours: everything in the agent writes here; programs
 * that it runs write files of their own.
 * Invariant: I8 (fields are chosen where they are logged; nobody logs an object that could hold a key or a token).
 */

export type Fields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export type Log = {
  readonly info: (message: string, fields?: Fields) => void;
  readonly warn: (message: string, fields?: Fields) => void;
  readonly error: (message: string, fields?: Fields) => void;
  /** The same log with fields on every line. */
  readonly with: (fields: Fields) => Log;
};

export const createLog = (write: (line: string) => void, base: Fields = {}): Log => {
  const line = (level: string) => (message: string, fields?: Fields) =>
    write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...base, ...fields })}\n`);
  return {
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: (fields) => createLog(write, { ...base, ...fields }),
  };
};
