/**
 * Pack workflows: a program that writes the workflows' code to standard output, in the one piece that Temporal's sandbox runs.
 *
 * Owns: nothing but that. Neighbours: `workflow-bundle.ts` starts it; what it has to say goes to standard error.
 */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
  logger: new DefaultLogger('WARN'),
});
process.stdout.write(code);
