// Conversations: tables and charts, events while they come, tasks that wait or are cancelled.

import { Checks, equal, holds } from '../checks.mjs';
import { SALES, ask, cells, csv, exchange, open, reached, until } from './steps.mjs';

export const checks = new Checks();

checks.add('a table and a question give a table and a chart', async (subject) => {
  const page = await open(subject, 'analyst');
  const turn = await ask(page, 'bar chart of total amount by region', { files: [csv('sales.csv', SALES)] });
  await reached(turn, 'COMPLETED');
  const data = turn.locator('.artifact').nth(1).locator('table');
  const [head, ...rows] = await cells(data);
  equal(head.length, 2, 'columns');
  equal(rows.sort(), [['north', '17'], ['south', '5']], 'rows');
  equal(await data.locator('caption').textContent(), '2 rows', 'caption');
  const chart = turn.locator('img');
  await until(() => chart.evaluate((image) => image.naturalWidth), (width) => width > 100, 'width of the chart');
  holds((await chart.getAttribute('alt')).includes('region'), 'the chart has no text for those who do not see it');
  holds((await chart.getAttribute('src')).startsWith('blob:'), 'the chart is not a blob');
  equal(await turn.locator('svg').count(), 0, 'SVG in the page itself');
});

checks.add('the events of a task are those on the wire, with times', async (subject) => {
  const page = await open(subject, 'analyst');
  const turn = await ask(page, 'bar chart of amount by region', { files: [csv('sales.csv', SALES)] });
  await reached(turn, 'COMPLETED');
  const events = await turn.locator('.events > li').allTextContents();
  holds(events.length >= 4, `${events.length} events`);
  holds(/^\+[\d.]+ m?s task SUBMITTED$/.test(events[0]), events[0]);
  holds(events.some((event) => event.includes('artifactUpdate')), 'no artifactUpdate');
  holds(/statusUpdate COMPLETED$/.test(events.at(-1)), events.at(-1));
  const found = await exchange(page, 'SendStreamingMessage');
  await until(() => found.locator('.events > li').count(), (count) => count === events.length, 'events on the wire');
  const first = await found.locator('.events > li').first().textContent();
  holds(/^\+[\d.]+ m?sid: 1\ndata: \{"jsonrpc"/.test(first), first);
  holds((await found.locator('pre').first().textContent()).includes('A2A-Version: 1.0'), 'no version is sent');
});

checks.add('the next question belongs to the conversation', async (subject) => {
  const page = await open(subject, 'analyst');
  await reached(await ask(page, 'profile', { files: [csv('sales.csv', SALES)] }), 'COMPLETED');
  const context = await page.locator('#context code').textContent();
  const sql = 'SELECT region, SUM(amount) AS total FROM sales GROUP BY region ORDER BY region';
  const turn = await ask(page, sql);
  await reached(turn, 'COMPLETED');
  const table = turn.locator('.artifact').nth(1).locator('table');
  equal(await cells(table), [['region', 'total'], ['north', '17'], ['south', '5']], 'table');
  equal(await page.locator('#context code').textContent(), context, 'context');
});

checks.add('a task that waits is answered in its place', async (subject) => {
  const page = await open(subject, 'analyst');
  const turn = await ask(page, 'profile');
  await reached(turn, 'INPUT_REQUIRED');
  const id = await turn.locator('.head code').textContent();
  holds((await turn.locator('.said').textContent()).includes('table'), 'it does not say what it waits for');
  holds(await turn.locator('.answer textarea').evaluate((text) => text === document.activeElement), 'the answer has no focus');
  await turn.locator('.answer input[type=file]').setInputFiles(csv('sales.csv', SALES));
  await turn.locator('.answer textarea').fill('profile');
  await turn.locator('.answer button').click();
  await reached(turn, 'COMPLETED');
  equal(await turn.locator('.head code').textContent(), id, 'task');
  equal(await turn.locator('.answer').count(), 0, 'forms that ask for an answer');
});

checks.add('events show while a task works, and it can be cancelled', async (subject) => {
  const page = await open(subject, 'kit');
  const turn = await ask(page, 'slowly', { messageId: `tck-slow-${Date.now()}` });
  const count = () => turn.locator('.events > li').count();
  await until(count, (events) => events >= 3, 'events');
  equal(await turn.locator('.state').getAttribute('data-state'), 'WORKING', 'state amid the events');
  await turn.getByRole('button', { name: 'Cancel' }).click();
  await reached(turn, 'CANCELED');
  equal(await turn.getByRole('button', { name: 'Cancel' }).count(), 0, 'buttons that cancel what has ended');
});

checks.add('pieces of an artifact become one', async (subject) => {
  const page = await open(subject, 'kit');
  const turn = await ask(page, 'in pieces', { messageId: `tck-stream-artifact-chunked-${Date.now()}` });
  await reached(turn, 'COMPLETED');
  equal(await turn.locator('.artifact').count(), 1, 'artifacts');
  equal(await turn.locator('.artifact .prose').textContent(), 'chunk-1 chunk-2', 'text');
});

for (const [mode, method] of [['wait', 'SendMessage'], ['return', 'SubscribeToTask']]) {
  checks.add(`an answer comes by ${method}`, async (subject) => {
    const page = await open(subject, 'kit');
    await page.locator('#composer summary').click();
    await page.selectOption('#mode', mode);
    const turn = await ask(page, 'slowly', { messageId: `tck-slow-${mode}-${Date.now()}` });
    await reached(turn, 'COMPLETED');
    const labels = await page.locator('.exchange summary strong').allTextContents();
    holds(labels.includes(`POST ${method}`), labels.join());
    holds(!labels.includes('POST SendStreamingMessage'), labels.join());
  });
}

checks.add('what the host refuses is said, and that a stream broke', async (subject) => {
  const { browser } = subject;
  const before = browser.complaints.length;
  const page = await open(subject, 'kit');
  const large = await ask(page, 'too much', { files: [csv('large.csv', 'x'.repeat(1_100_000))] });
  const refusal = await large.locator('.trouble').textContent();
  holds(refusal.includes('larger than 1MiB') && refusal.includes('HTTP 413'), refusal);
  const turn = await ask(page, 'stop', { messageId: `tck-trap-${Date.now()}` });
  const trouble = await turn.locator('.trouble').textContent();
  holds(trouble.includes('The connection broke'), trouble);
  await page.context().close();
  // The browser logs both, too.
  const complaints = browser.complaints.splice(before);
  holds(complaints.every((text) => /413|INCOMPLETE/.test(text)), complaints.join());
});

checks.add('a message without a task is shown', async (subject) => {
  const page = await open(subject, 'kit');
  const turn = await ask(page, 'hello', { messageId: `tck-message-response-${Date.now()}` });
  await reached(turn, 'MESSAGE');
  equal(await turn.locator('.said').textContent(), 'Direct message response', 'message');
});
