/**
 * `npm run picture`: takes the picture that README opens with, of the create of `cluster-0` in the sandbox that runs; or others by their names,
 * such as `npm run picture upgrade commit`.
 *
 * Owns: finding the operation, and writing picture and text. Neighbours: `create.ts` knows Temporal's UI, `pictures.ts` the pictures; a chapter of
 * the create journey and unit tests compare the texts, and say when a picture is out of date.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { statusNow } from '../../sandbox/commands/status.ts';
import { findBrowser, NO_BROWSER } from './browser.ts';
import { seeSteps, textOf } from './create.ts';
import { PICTURES, type Picture } from './pictures.ts';

const ROOT = join(import.meta.dirname, '../..');

type Execution = { readonly workflowId: string; readonly runId: string };
type Executions = { readonly executions?: readonly { readonly execution: Execution }[] };

/** As the UI's own server lists them, the newest first. */
const operationFor = async (ui: string, { type, which, from }: Picture): Promise<Execution> => {
  const query = encodeURIComponent(`WorkflowType = '${type}' AND ExecutionStatus = 'Completed'`);
  const answer = await fetch(`${ui}/api/v1/namespaces/default/workflows?query=${query}`);
  const { executions = [] } = (await answer.json()) as Executions;
  const found = executions.at(which === 'newest' ? 0 : -1)?.execution;
  if (found === undefined) throw new Error(`There is no ${type} that is done in this sandbox: ${from}.`);
  return found;
};

const take = async (ui: string, one: Picture): Promise<void> => {
  const { labels, picture } = await seeSteps({ ui, ...(await operationFor(ui, one)) }, one.label);
  await mkdir(dirname(join(ROOT, one.picture)), { recursive: true });
  await writeFile(join(ROOT, one.picture), picture);
  await writeFile(join(ROOT, one.text), textOf(labels));
  console.log(
    `wrote ${one.picture} (${Math.round(picture.length / 1024)} KiB) and ${one.text} (${labels.length} steps)`,
  );
};

const pictureNamed = (name: string): Picture => {
  const [, found] = Object.entries(PICTURES).find(([known]) => known === name) ?? [];
  if (found === undefined) throw new Error(`There is no picture "${name}": name ${Object.keys(PICTURES).join(', ')}.`);
  return found;
};

const main = async (): Promise<void> => {
  if (findBrowser() === undefined) throw new Error(`Nothing can take the picture: ${NO_BROWSER}`);
  const ui = process.env['TEMPORAL_UI'] ?? statusNow().temporal.ui;
  const names = process.argv.slice(2);
  const pictures = (names.length === 0 ? ['create'] : names).map(pictureNamed);
  for (const one of pictures) await take(ui, one);
};

await main();
