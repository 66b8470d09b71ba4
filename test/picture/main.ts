/**
 * `npm run picture`: takes the picture that README opens with, of the create of `cluster-0` in the sandbox that runs.
 *
 * Owns: finding that create, and writing picture and text. Neighbours: `create.ts` knows Temporal's UI; a chapter of the
 * create journey and a unit test compare the text, and say when the picture is out of date.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { statusNow } from '../../sandbox/commands/status.ts';
import { findBrowser, NO_BROWSER } from './browser.ts';
import { PICTURE, PICTURE_TEXT, seeCreate, textOf } from './create.ts';

const ROOT = join(import.meta.dirname, '../..');

type Executions = {
  readonly executions?: readonly [{ readonly execution: { readonly workflowId: string; readonly runId: string } }];
};

/** The newest create that is done, as the UI's own server lists it. */
const newestCreate = async (ui: string): Promise<{ readonly workflowId: string; readonly runId: string }> => {
  const query = encodeURIComponent("WorkflowType = 'CreateCluster' AND ExecutionStatus = 'Completed'");
  const answer = await fetch(`${ui}/api/v1/namespaces/default/workflows?query=${query}`);
  const { executions } = (await answer.json()) as Executions;
  const found = executions?.[0]?.execution;
  if (found === undefined) throw new Error('No cluster was created in this sandbox yet: npm run demo makes one.');
  return found;
};

const main = async (): Promise<void> => {
  if (findBrowser() === undefined) throw new Error(`Nothing can take the picture: ${NO_BROWSER}`);
  const ui = process.env['TEMPORAL_UI'] ?? statusNow().temporal.ui;
  const { labels, picture } = await seeCreate({ ui, ...(await newestCreate(ui)) });
  await mkdir(dirname(join(ROOT, PICTURE)), { recursive: true });
  await writeFile(join(ROOT, PICTURE), picture);
  await writeFile(join(ROOT, PICTURE_TEXT), textOf(labels));
  console.log(
    `wrote ${PICTURE} (${Math.round(picture.length / 1024)} KiB) and ${PICTURE_TEXT} (${labels.length} steps)`,
  );
};

await main();
