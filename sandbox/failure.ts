/**
 * Failure: what the sandbox's command line says when it cannot do what was asked, and the status it ends with.
 *
 * Owns: the exit statuses, so that a script can tell a missing prerequisite from a part that does not start. Neighbours:
 * everything in `sandbox/` throws one of these where a person can do something about it; `main.ts` prints it.
 */

/** Exit statuses of `npm run sandbox`; 1 is an error that nobody foresaw. */
export const EXIT = {
  usage: 2,
  prerequisite: 3,
  build: 4,
  part: 5,
  noSandbox: 6,
  noSuchPart: 7,
  refused: 8,
} as const;

export type FailureKind = keyof typeof EXIT;

export class SandboxFailure extends Error {
  readonly kind: FailureKind;
  /** What to do about it: a command, or where to get what is missing. */
  readonly cure: string;

  constructor(kind: FailureKind, message: string, cure: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SandboxFailure';
    this.kind = kind;
    this.cure = cure;
  }
}

/** Prints what a command line failed with, and sets the status with which it ends; what nobody foresaw is thrown on. */
export const reportFailure = (error: unknown): void => {
  if (!(error instanceof SandboxFailure)) throw error;
  process.stderr.write(`\nError: ${error.message}\nWhat to do: ${error.cure}.\n`);
  process.exitCode = EXIT[error.kind];
};
