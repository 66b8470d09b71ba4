/**
 * Commands: what people type to move something on, exactly as it works today.
 *
 * Owns: the text that status shows; only what exists is printed. Neighbours: `workflows/details.ts` prints the same in
 * Temporal, where nothing of policy may run; a test holds the two together.
 */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const retryArguments = (workflowId: string, stepId: string): string =>
  `--workflow-id ${quote(workflowId)} --name retry --input ${quote(JSON.stringify({ step: stepId }))}`;

/** Tries one blocked step now: as an update, which answers, and as a signal, which is kept while no worker is up. */
export const retryCommands = (workflowId: string, stepId: string): string[] => [
  `temporal workflow update execute ${retryArguments(workflowId, stepId)}`,
  `temporal workflow signal ${retryArguments(workflowId, stepId)}`,
];

/** Makes an entity look at its object again now. */
export const lookAgainCommand = (entityId: string): string =>
  `temporal workflow signal --workflow-id ${quote(entityId)} --name specChanged`;
