/**
 * Failure: reading what was thrown.
 *
 * Owns: codes and messages of unknown thrown values, known by their shape: an error of another realm is no `Error` here.
 */

/** Whether a thrown value carries one of these system error codes. */
export const hasCode = (thrown: unknown, ...codes: readonly string[]): boolean =>
  typeof thrown === 'object' &&
  thrown !== null &&
  'code' in thrown &&
  typeof thrown.code === 'string' &&
  codes.includes(thrown.code);

/** What a thrown value says, its causes included. */
export const messageOf = (thrown: unknown): string => {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return String(thrown);
  const name = 'name' in thrown ? String(thrown.name) : 'Error';
  const inner = 'errors' in thrown && Array.isArray(thrown.errors) ? thrown.errors.map(messageOf).join('; ') : '';
  // Connecting to several addresses fails with a list of errors and no message of its own.
  const own = String(thrown.message) || inner || name;
  return 'cause' in thrown && thrown.cause !== undefined ? `${own}: ${messageOf(thrown.cause)}` : own;
};
