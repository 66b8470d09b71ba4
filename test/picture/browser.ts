/**
 * Browser: Debian's chromium, without a window, as somebody who looks at a page of this computer.
 *
 * Owns: finding it, starting it with a profile that is thrown away, and ending it. Nothing but loopback is asked: what a
 * browser does in the background is switched off.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const NO_BROWSER = `no chromium in ${PLACES.join(', ')}: apt-get install chromium`;

export const findBrowser = (): string | undefined => PLACES.find((path) => existsSync(path));

const ARGUMENTS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--hide-scrollbars'],
];

export type Look = {
  readonly width: number;
  readonly height: number;
  /** Pixels of the picture for each of the page's. */
  readonly scale?: number;
};

/** Runs `body` with an empty page, and ends the browser after it. */
export const withPage = async <T>(look: Look, body: (page: Page) => Promise<T>): Promise<T> => {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error(NO_BROWSER);
  const profile = mkdtempSync(join(tmpdir(), 'slipway-browser-'));
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: ARGUMENTS,
      viewport: { width: look.width, height: look.height },
      deviceScaleFactor: look.scale ?? 1,
      timezoneId: 'UTC',
      locale: 'en-GB',
    });
    try {
      return await body(context.pages()[0] ?? (await context.newPage()));
    } finally {
      await context.close();
    }
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
};
