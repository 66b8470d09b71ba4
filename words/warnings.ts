/**
 * Warnings: what a step that passed tells people all the same, as an output of it; notices are the same of what is no trouble.
 *
 * Owns: the spelling of such outputs. Neighbours: drivers answer them; `workflows/operation-events.ts` makes events of them. Pure.
 */
const WARNING = 'warning/';
const NOTICE = 'notice/';

/** The output that tells people something under this reason, which is an event's: one word in capitals and small letters. */
export const warningOutput = (reason: string): string => `${WARNING}${reason}`;

export const noticeOutput = (reason: string): string => `${NOTICE}${reason}`;

type Told = { readonly reason: string; readonly message: string };
type Outputs = Readonly<Record<string, string>>;

const toldBy =
  (prefix: string) =>
  (outputs: Outputs): readonly Told[] =>
    Object.keys(outputs)
      .filter((name) => name.startsWith(prefix))
      .sort()
      .map((name) => ({ reason: name.slice(prefix.length), message: outputs[name] ?? '' }));

/** Every warning among the outputs of a step, by reason. */
export const warningsIn = toldBy(WARNING);
export const noticesIn = toldBy(NOTICE);
