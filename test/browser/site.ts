// Pages of a site of its own on this machine, all under one Content-Security-Policy. A page runs its script `main.mjs`
// and sends what it found to the site by `report` of `report.mjs`: nothing is injected into it, so the policy holds for
// all that runs.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';

/** File names and texts; `main.mjs` is what the page runs. */
export type Files = Readonly<Record<string, string>>;

export interface Visit {
  /** What the page reported. */
  readonly result: unknown;
  /** What the console says of errors, and errors that nobody caught. */
  readonly complaints: readonly string[];
}

const PAGE = '<!doctype html><title>test</title><script type="module" src="/main.mjs"></script>';
const REPORT = `export const report = result => fetch('/report', { method: 'POST', body: JSON.stringify(result) });`;
const TYPES = { html: 'text/html; charset=utf-8', mjs: 'text/javascript; charset=utf-8' };
const PATIENCE = 30_000;

/** Opens the page and waits for its report. */
export async function visit(browser: Browser, policy: string, files: Files): Promise<Visit> {
  const { promise: result, resolve, reject } = withResolvers<unknown>();
  const all: Files = { 'index.html': PAGE, 'report.mjs': REPORT, ...files };
  const server = createServer((request, response) => {
    const name = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
    response.setHeader('Content-Security-Policy', policy);
    if (name === 'report') {
      let body = '';
      request.on('data', chunk => {
        body += chunk;
      });
      request.on('end', () => {
        response.writeHead(204).end();
        resolve(JSON.parse(body));
      });
    } else send(response, name, all[name]);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // as it listens on a port

  const context = await browser.newContext();
  const complaints: string[] = [];
  const timer = setTimeout(() => reject(new Error(`no report; ${complaints.join('\n')}`)), PATIENCE);
  try {
    const page = await context.newPage();
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', error => {
      complaints.push(error.message);
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    return { result: await result, complaints };
  } finally {
    clearTimeout(timer);
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}

function send(response: ServerResponse, name: string, text: string | undefined): void {
  if (name === 'favicon.ico') response.writeHead(204).end();
  else if (text === undefined) response.writeHead(404).end(`no ${name}`);
  else
    response
      .writeHead(200, { 'Content-Type': TYPES[name.split('.').at(-1) as keyof typeof TYPES] }) // files are of these
      .end(text);
}

/** Promise.withResolvers, which Node has from 22 on. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
