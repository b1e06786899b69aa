// The pictures in the documentation, taken of the page as it is.

import { join } from 'node:path';
import { SALES, ask, csv, exchange, open, reached } from './steps.mjs';

const QUESTION = 'bar chart of total amount by region';

/** Returns how many were taken. */
export async function pictures(subject, folder) {
  const files = [csv('sales.csv', SALES)];
  const wide = await open(subject, 'analyst', { viewport: { width: 1130, height: 960 }, colorScheme: 'light' });
  await reached(await ask(wide, QUESTION, { files }), 'COMPLETED');
  await exchange(wide, 'SendStreamingMessage');
  await wide.locator('.turn img').evaluate((image) => image.decode());
  await wide.locator('.turn figure').last().scrollIntoViewIfNeeded();
  await wide.screenshot({ path: join(folder, 'inspector.png') });

  const phone = await open(subject, 'analyst', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await reached(await ask(phone, QUESTION, { files }), 'COMPLETED');
  await phone.locator('.turn figure').last().scrollIntoViewIfNeeded();
  await phone.locator('.turn img').evaluate((image) => image.decode());
  await phone.screenshot({ path: join(folder, 'inspector-phone.png') });
  return 2;
}
