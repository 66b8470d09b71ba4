/**
 * Create: what Temporal's UI shows of the create of a cluster, or of another operation, as a picture and as text.
 *
 * Owns: where in the UI things are, and which of its words are chance: ids, times, numbers of attempts. The text is what is
 * compared, since no two pictures are the same in every pixel. Neighbours: `browser.ts` is the browser; `pictures.ts` says which
 * operations are shown on which pages; the UI is Temporal's.
 */
import type { Locator, Page } from 'playwright-core';
import { withPage } from './browser.ts';

export type Run = { readonly ui: string; readonly workflowId: string; readonly runId: string };

export type SeenSteps = {
  /** Each step's label, without what is chance, sorted: what runs at the same time has no order. */
  readonly labels: readonly string[];
  /** WebP. */
  readonly picture: Buffer;
};

/** High enough for all rows: the timeline draws only those that are in sight. */
const LOOK = { width: 1130, height: 2400, scale: 2 };
const PATIENCE = { timeout: 600_000 };

const pageOf = ({ ui, workflowId, runId }: Run, tab: string): string =>
  `${ui}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`;

/** `5 • wait • control plane ready` is the same step as without the number of its attempts. */
export const labelOf = (shown: string): string =>
  shown
    .replace(/^\d+ • /, '')
    .replaceAll(/gke-[0-9a-f]{8}\b/g, 'gke-dfccaa67')
    .trim();

export const textOf = (labels: readonly string[]): string => `${labels.join('\n')}\n`;

const labelsIn = async (timeline: Locator): Promise<readonly string[]> => {
  const shown = await timeline
    .getByRole('button', { name: /^Event / })
    .locator('span')
    .allTextContents();
  return [...new Set(shown.map(labelOf).filter((label) => /^(ensure|remove|wait) • /.test(label)))].sort();
};

/** Activities only, from the first to the last. */
const arrange = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Descending' }).click(PATIENCE);
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByTestId('None').click();
  await page.getByTestId('Activity').click();
  await page.keyboard.press('Escape');
};

/** Below the last row are the numbers of the axis, and then nothing. */
const AXIS_HEIGHT = 75;

const pictureOf = async (page: Page, timeline: Locator): Promise<Buffer> => {
  // Whatever the mouse points at is highlighted.
  await page.mouse.move(0, 0);
  const boxes = await timeline
    .getByRole('button', { name: /^Event / })
    .evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().bottom));
  const around = await timeline.boundingBox();
  if (around === null) throw new Error('The timeline is not in sight');
  const height = Math.max(...boxes) - around.y + AXIS_HEIGHT;
  return page.screenshot({ animations: 'disabled', clip: { ...around, height: Math.min(height, around.height) } });
};

/** Run by the browser, which can write WebP: less than half of the PNG that it takes. */
const TO_WEBP = `async (png) => {
  const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d').drawImage(bitmap, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 });
  return [...new Uint8Array(await blob.arrayBuffer())];
}`;

const compressed = async (page: Page, png: Buffer): Promise<Buffer> =>
  Buffer.from(await page.evaluate<readonly number[]>(`(${TO_WEBP})('${png.toString('base64')}')`));

/** Looks at the timeline of an operation that is done; `first`: a label that it must have. */
export const seeSteps = (run: Run, first: string): Promise<SeenSteps> =>
  withPage(LOOK, async (page) => {
    await page.goto(pageOf(run, 'timeline'));
    await arrange(page);
    const timeline = page.locator('#event-history-timeline-graph');
    await timeline.getByText(first).first().waitFor(PATIENCE);
    return { labels: await labelsIn(timeline), picture: await compressed(page, await pictureOf(page, timeline)) };
  });

/** Summary and current details of a workflow, as its page shows them. */
export const seeDetails = (run: Run, until: string): Promise<string> =>
  withPage(LOOK, async (page) => {
    await page.goto(pageOf(run, 'user-metadata'));
    // Details are Markdown, shown in frames of their own. One that is replaced while it is read is read the next time.
    const frames = async (): Promise<string> => {
      const read = await Promise.allSettled(page.frames().map((frame) => frame.locator('body').innerText()));
      return read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])).join('\n');
    };
    const deadline = Date.now() + PATIENCE.timeout;
    for (;;) {
      const seen = await frames();
      if (seen.includes(until)) return seen;
      if (Date.now() > deadline) throw new Error(`The page of ${run.workflowId} does not show "${until}":\n${seen}`);
      await page.waitForTimeout(250);
    }
  });
