// What somebody does with the inspector.

import { holds } from '../checks.mjs';

export const SALES = 'region,amount\nnorth,10\nsouth,5\nnorth,7\n';

/** The page, once it has read the card of the agent. */
export async function open({ browser, page }, agent, look) {
  const opened = await browser.page(`${page}#chat/${agent}`, look);
  await opened.locator('#card h2').waitFor({ state: 'attached' });
  return opened;
}

export function csv(name, text) {
  return { name, mimeType: 'text/csv', buffer: Buffer.from(text) };
}

/** Sends a message; returns where its answer shows. */
export async function ask(page, text, { files = [], messageId } = {}) {
  if (files.length) await page.setInputFiles('#files', files);
  if (messageId) {
    await page.locator('#composer details').evaluate((options) => {
      options.open = true;
    });
    await page.fill('#message-id', messageId);
  }
  await page.fill('#message', text);
  await page.click('#composer button[type=submit]');
  return page.locator('.turn').last();
}

export async function reached(place, state) {
  await place.locator(`.state[data-state=${state}]`).waitFor();
}

/** The cells of a table, row by row. */
export async function cells(table) {
  return table.locator('tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
}

/** Every tab that there is, one after the other. */
export async function* tabs(page) {
  for (const tab of await page.locator('[role=tab]:visible').all()) {
    await tab.click();
    const name = await tab.textContent();
    if (name === 'Tasks') await page.locator('#task-list [role=status]').waitFor();
    yield name;
  }
}

/** The last request of this label in the wire log, opened. */
export async function exchange(page, label) {
  if (await page.locator('#tab-wire').isVisible()) await page.click('#tab-wire');
  const found = page.locator('.exchange', { hasText: label }).first();
  await found.locator('summary').first().click();
  await found.locator('h3', { hasText: 'Response' }).waitFor();
  return found;
}

/** Waits until the page says so; the last thing seen is in the failure. */
export async function until(look, wanted, what) {
  const deadline = Date.now() + 20_000;
  let seen;
  do {
    seen = await look();
    if (wanted(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while (Date.now() < deadline);
  holds(false, `${what}: ${JSON.stringify(seen)}`);
}
