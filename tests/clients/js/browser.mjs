// A browser that keeps account of everything its pages complain about.

import { chromium } from 'playwright-core';

const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
  '--no-sandbox',
];

export class Browser {
  #browser;
  /** What pages logged as errors, threw, and wanted although their policy forbids it. */
  complaints = [];

  static async start(executablePath) {
    const started = new Browser();
    started.#browser = await chromium.launch({ executablePath, args: FLAGS });
    return started;
  }

  /** `look` is what playwright calls options of a context. */
  async page(url, look = {}) {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...look });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.complaints.push(`threw ${error.message}`));
    page.on('console', (line) => {
      if (line.type() === 'error') this.complaints.push(`logged ${line.text()}`);
    });
    page.on('dialog', (dialog) => {
      this.complaints.push(`opened a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        window.violations.push(`${event.violatedDirective} by ${event.blockedURI}`);
      });
    });
    await page.goto(url);
    return page;
  }

  async close() {
    await this.#browser.close();
  }
}
