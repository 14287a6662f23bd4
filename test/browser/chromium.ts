// Starts Chromium, if this machine has one. Without it the tests of browsers are skipped, unless the environment says
// SYMGRAD_BROWSER=required, as the run that gates a change does; SYMGRAD_CHROMIUM names an executable elsewhere.

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const { SYMGRAD_BROWSER, SYMGRAD_CHROMIUM } = process.env;
const executable = SYMGRAD_CHROMIUM ?? PLACES.find(existsSync);

/** A new browser with an empty profile, which asks nothing of the network by itself. */
export function launch(): Promise<Browser> {
  if (executable === undefined)
    throw new Error(`SYMGRAD_BROWSER=required, and no Chromium at ${PLACES.join(', ')}`);
  return chromium.launch({
    executablePath: executable,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Tests that need the browser. */
export function describeInBrowser(title: string, tests: () => void): void {
  if (executable !== undefined || SYMGRAD_BROWSER === 'required') describe(title, tests);
  else {
    console.warn(`${title}: skipped, no Chromium found (apt-get install chromium, or set SYMGRAD_CHROMIUM)`);
    describe.skip(title, tests);
  }
}
