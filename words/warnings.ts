/**
 * Warnings: what a step that passed tells people all the same, as an output of it.
 *
 * Owns: the spelling of such outputs. Neighbours: drivers answer them; `workflows/operation-events.ts` makes events of them. Pure.
 */
const PREFIX = 'warning/';

/** The output that tells people something under this reason, which is an event's: one word in capitals and small letters. */
export const warningOutput = (reason: string): string => `${PREFIX}${reason}`;

/** Every warning among the outputs of a step, by reason. */
export const warningsIn = (
  outputs: Readonly<Record<string, string>>,
): readonly { readonly reason: string; readonly message: string }[] =>
  Object.keys(outputs)
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .map((name) => ({ reason: name.slice(PREFIX.length), message: outputs[name] ?? '' }));
