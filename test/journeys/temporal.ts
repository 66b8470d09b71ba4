/**
 * Temporal's own command line, as somebody who reads a create in it.
 *
 * Owns: reading workflows, histories and their payloads as Temporal shows them. Neighbours: `workflows/` wrote them;
 * `../support/workflows.ts` reads what is looked at again and again.
 */
import { type SandboxForTests, succeed } from '../support/sandbox.ts';
import type { ListedWorkflow } from '../support/workflows.ts';

type Payload = { readonly data?: string };
type Attributes = { readonly activityType?: { readonly name: string }; readonly activityId?: string };
type HistoryEvent = {
  readonly eventType: string;
  readonly userMetadata?: { readonly summary?: Payload };
  readonly activityTaskScheduledEventAttributes?: Attributes;
};

export type ShownActivity = { readonly type: string; readonly id: string; readonly summary: string };

/** A JSON payload of a history, as text. */
const textOf = (payload: Payload | undefined): string => {
  if (payload?.data === undefined) return '';
  const value: unknown = JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export const temporalOf = (sandbox: SandboxForTests) => {
  const temporal = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.temporal(args));

  /** The history of one run as JSON, exactly as Temporal shows it. */
  const history = (id: string, run?: string): Promise<string> =>
    temporal('workflow', 'show', '-w', id, '-o', 'json', ...(run === undefined ? [] : ['--run-id', run]));

  const events = (id: string): Promise<readonly HistoryEvent[]> => sandbox.workflows().events<HistoryEvent>(id);

  return {
    list: (query?: string): Promise<readonly ListedWorkflow[]> => sandbox.workflows().list(query),
    history,
    describe: (id: string, run?: string): Promise<string> =>
      temporal('workflow', 'describe', '-w', id, '-o', 'json', ...(run === undefined ? [] : ['--run-id', run])),

    /** What a person sees of each activity, in the order in which they were scheduled. */
    activities: async (id: string): Promise<readonly ShownActivity[]> =>
      (await events(id)).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) =>
        scheduled === undefined
          ? []
          : [
              {
                type: scheduled.activityType?.name ?? '',
                id: scheduled.activityId ?? '',
                summary: textOf(userMetadata?.summary),
              },
            ],
      ),

    /** The summary that a workflow was started with. */
    summary: async (id: string): Promise<string> => textOf((await events(id))[0]?.userMetadata?.summary),

    /** The current details, Markdown, and what else the workflow says of itself. */
    metadata: (id: string): Promise<string> => temporal('workflow', 'metadata', '-w', id),

    /** How often an entity looked at its object and at AWS. */
    looks: async (id: string): Promise<number> =>
      (await events(id)).filter(
        ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'assess',
      ).length,

    /** What an entity is doing; undefined while nobody can tell. */
    phase: async (id: string): Promise<string | undefined> => {
      const { stdout } = await sandbox.temporal(['workflow', 'query', '-w', id, '--type', 'getState', '-o', 'json']);
      return /"phase":\s*"([a-z]+)"/.exec(stdout)?.[1];
    },

    /** Makes an entity look again, as a change of its object would; a note stays in its history. */
    poke: (id: string, note?: string): Promise<string> =>
      temporal(
        ...['workflow', 'signal', '-w', id, '--name', 'specChanged'],
        ...(note === undefined ? [] : ['--input', JSON.stringify(note)]),
      ),
  };
};

export type TemporalForJourney = ReturnType<typeof temporalOf>;
