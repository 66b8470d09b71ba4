/**
 * Workflows: what `temporal workflow list` and `show` answer in JSON, for whoever looks again and again.
 *
 * Owns: asking Temporal's HTTP API where its Web UI has it, page by page. A process for each look takes a processor a tenth of a
 * second. Neighbours: what a person would type once is typed, by `sandbox.ts`; only the command line says and asks something of a
 * workflow, since the UI takes no orders from strangers.
 */
import { readJson } from './http.ts';

export type ListedWorkflow = {
  readonly execution: { readonly workflowId: string; readonly runId: string };
  readonly type: { readonly name: string };
  readonly status: string;
};

export type WorkflowsOf = {
  /** All that a query finds, or all that there are. */
  readonly list: (query?: string) => Promise<readonly ListedWorkflow[]>;
  /** The events of the newest run. */
  readonly events: <Event>(workflowId: string) => Promise<readonly Event[]>;
};

type Page = { readonly nextPageToken?: string };

/** `ui` is the address of the Web UI; the namespace is `default`. */
export const workflowsIn = (ui: string): WorkflowsOf => {
  const pages = async <Item>(
    path: string,
    parameters: Readonly<Record<string, string>>,
    itemsOf: (page: never) => readonly Item[] | undefined,
  ): Promise<readonly Item[]> => {
    const items: Item[] = [];
    for (let token: string | undefined = ''; token !== undefined; ) {
      const query = new URLSearchParams({ ...parameters, ...(token === '' ? {} : { nextPageToken: token }) });
      const page = (await readJson(`${ui}/api/v1/namespaces/default/workflows${path}?${query.toString()}`)) as Page;
      items.push(...(itemsOf(page as never) ?? []));
      token = page.nextPageToken || undefined;
    }
    return items;
  };
  return {
    list: (query = '') =>
      pages('', { query }, ({ executions }: { readonly executions?: readonly ListedWorkflow[] }) => executions),
    events: <Event>(workflowId: string) =>
      pages(
        `/${encodeURIComponent(workflowId)}/history`,
        {},
        ({ history }: { readonly history?: { readonly events?: readonly Event[] } }) => history?.events,
      ),
  };
};
