// What there is to look at: the card, tasks, the wire; by keyboard, on a phone, for readers of a screen.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { Checks, equal, holds } from '../checks.mjs';
import { SALES, ask, csv, exchange, open, reached, tabs, until } from './steps.mjs';

export const checks = new Checks();

checks.add('every agent can be chosen', async (subject) => {
  const page = await open(subject, 'analyst');
  const names = await page.locator('#agent option').allTextContents();
  equal(names.length, 2, 'agents');
  await page.selectOption('#agent', { index: 1 });
  await until(() => page.locator('#card h2').textContent(), (name) => !name.startsWith('Data analyst'), 'name');
  await page.reload();
  await until(() => page.locator('#agent').inputValue(), (chosen) => chosen === '1', 'agent after a reload');
});

checks.add('the card is shown, for reading and as it is', async (subject) => {
  const card = await (await fetch(`${subject.url}/agents/analyst/.well-known/agent-card.json`, { headers: { 'A2A-Version': '1.0' } })).json();
  const page = await open(subject, 'analyst');
  await page.click('#tab-card');
  const shown = page.locator('#card');
  equal(await shown.locator('h2').textContent(), `${card.name} ${card.version}`, 'name');
  equal(await shown.locator('tbody tr').count(), card.supportedInterfaces.length, 'interfaces');
  holds(await shown.locator('tbody tr').first().isVisible(), 'the interfaces are not seen');
  equal(await shown.locator('.skill').count(), card.skills.length, 'skills');
  await shown.locator('summary', { hasText: 'Card as JSON' }).click();
  equal(JSON.parse(await shown.locator('pre').textContent()), card, 'raw card');
  await shown.locator('.example').first().click();
  equal(await page.inputValue('#message'), card.skills[0].examples[0], 'the example as a message');
});

checks.add('tasks are listed by pages, opened and cancelled', async (subject) => {
  const page = await open(subject, 'kit');
  const contextId = `many-${Date.now()}`;
  for (let count = 0; count < 21; count += 1) await post(subject, contextId, count);
  await page.click('#tab-tasks');
  await page.fill('#in-context', contextId);
  await page.click('#filter button');
  const status = page.locator('#task-list [role=status]');
  await until(() => status.textContent(), (text) => text === '1 to 20 of 21', 'first page');
  await page.getByRole('button', { name: 'Older' }).click();
  await until(() => status.textContent(), (text) => text === '21 to 21 of 21', 'last page');
  holds(await page.getByRole('button', { name: 'Older' }).isDisabled(), 'there is a page behind the last');
  await page.getByRole('button', { name: 'Newer' }).click();
  await until(() => status.textContent(), (text) => text === '1 to 20 of 21', 'first page again');
  await page.selectOption('#state', 'TASK_STATE_COMPLETED');
  await page.click('#filter button');
  await until(() => status.textContent(), (text) => text === 'There are none.', 'completed tasks');
  await page.selectOption('#state', '');
  await page.click('#filter button');
  await page.locator('.tasks button').first().click();
  const task = page.locator('#task');
  await reached(task, 'INPUT_REQUIRED');
  await task.locator('summary', { hasText: 'History' }).click();
  holds((await task.locator('.asked').first().textContent()).includes('number'), 'no history');
  await task.getByRole('button', { name: 'Cancel' }).click();
  await reached(task, 'CANCELED');
  await until(() => page.locator('.tasks .state').first().textContent(), (state) => state === 'CANCELED', 'state in the list');
  await task.getByRole('button', { name: 'Go on in the chat' }).click();
  equal(await page.locator('#context code').textContent(), contextId, 'conversation');
});

checks.add('a task that works is followed from the list', async (subject) => {
  const contextId = `long-${Date.now()}`;
  const message = { messageId: `tck-resume-${contextId}`, contextId, role: 'ROLE_USER', parts: [{ text: '40' }] };
  await call(subject, { message, configuration: { returnImmediately: true } });
  const page = await open(subject, 'kit');
  await page.click('#tab-tasks');
  await page.fill('#in-context', contextId);
  await page.click('#filter button');
  await page.locator('.tasks button').first().click();
  const task = page.locator('#task');
  await task.getByRole('button', { name: 'Follow' }).click();
  await until(() => task.locator('.events > li').count(), (events) => events > 3, 'events');
  await reached(task, 'COMPLETED');
});

async function post(subject, contextId, count) {
  const messageId = `tck-input-required-${contextId}-${count}`;
  const message = { messageId, contextId, role: 'ROLE_USER', parts: [{ text: `number ${count}` }] };
  equal((await call(subject, { message })).task.status.state, 'TASK_STATE_INPUT_REQUIRED', 'state');
}

async function call({ url }, params) {
  const answer = await fetch(`${url}/agents/kit/`, {
    method: 'POST',
    headers: { 'A2A-Version': '1.0', 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params }),
  });
  const { result, error } = await answer.json();
  holds(result, error?.message);
  return result;
}

checks.add('a request is copied as curl, which does the same', async (subject) => {
  const page = await open(subject, 'analyst');
  const turn = await ask(page, "SELECT 'it''s' AS quoted FROM sales LIMIT 1", { files: [csv('sales.csv', SALES)] });
  await reached(turn, 'COMPLETED');
  const found = await exchange(page, 'SendStreamingMessage');
  await found.getByRole('button', { name: 'Copy as curl' }).click();
  await found.getByRole('button', { name: 'Copied' }).waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const { stdout } = await promisify(execFile)('bash', ['-c', command]);
  holds(stdout.includes('TASK_STATE_COMPLETED') && stdout.includes("it's"), `${command}\n${stdout}`);
});

checks.add('the wire log is searched, saved and emptied', async (subject) => {
  const page = await open(subject, 'kit');
  await reached(await ask(page, 'one thing'), 'COMPLETED');
  const rows = page.locator('#exchanges > li:visible');
  await until(() => rows.count(), (count) => count === 3, 'rows');
  await page.fill('#find', 'ONE THING');
  await until(() => rows.count(), (count) => count === 1, 'rows that are found');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-wire')]);
  const saved = JSON.parse(await readFile(await download.path(), 'utf8'));
  equal(saved.length, 3, 'what is saved');
  holds(saved.at(-1).response.events.length > 0, 'no event is saved');
  await page.click('#clear-wire');
  await until(() => page.locator('#exchanges > li').count(), (count) => count === 0, 'rows that are left');
});

checks.add('streams are read with every line end and in all pieces', async (subject) => {
  const page = await open(subject, 'kit');
  const read = await page.evaluate(async () => {
    const { events } = await import('/inspector/events.js');
    const found = [];
    for (const end of ['\n', '\r\n', '\r']) {
      const text = [': open', '', 'id: 1', 'data: {"a":', 'data: "ü"}', '', '', 'data:2', '', 'data: unfinished'].join(end);
      const bytes = new TextEncoder().encode(text);
      for (const size of [1, 2, 3, bytes.length]) {
        const body = new ReadableStream({
          start(controller) {
            for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
            controller.close();
          },
        });
        const blocks = [];
        for await (const { id, data } of events(body)) blocks.push([id ?? null, data ?? null]);
        found.push(JSON.stringify(blocks));
      }
    }
    return [...new Set(found)];
  });
  equal(read, ['[[null,null],["1","{\\"a\\":\\n\\"ü\\"}"],[null,"2"]]'], 'what was read');
});

checks.add('the keyboard is enough', async (subject) => {
  const page = await open(subject, 'kit');
  await page.keyboard.press('Tab');
  equal(await page.evaluate(() => document.activeElement.className), 'skip', 'what has the focus first');
  await page.keyboard.press('Enter');
  await page.keyboard.type('typed');
  await page.keyboard.press('Enter');
  await reached(page.locator('.turn').last(), 'COMPLETED');
  await page.focus('#tab-chat');
  for (const [key, tab] of [['ArrowRight', 'card'], ['End', 'tasks'], ['ArrowRight', 'chat'], ['ArrowLeft', 'tasks'], ['Home', 'chat']]) {
    await page.keyboard.press(key);
    equal(await page.evaluate(() => document.activeElement.id), `tab-${tab}`, `focus after ${key}`);
    holds(await page.locator(`#${tab}`).isVisible(), `${tab} is not shown after ${key}`);
  }
});

checks.add('on a phone nothing is wider than the screen', async (subject) => {
  const page = await open(subject, 'analyst', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  const wide = `${Array.from({ length: 30 }, (_, column) => `column_${column}`).join()}\n${Array(30).fill('a_long_word_in_a_cell').join()}\n`;
  const turn = await ask(page, 'SELECT * FROM wide', { files: [csv('wide.csv', wide)] });
  await reached(turn, 'COMPLETED');
  for await (const tab of tabs(page)) {
    if (tab === 'Tasks') await page.locator('.tasks button').first().click();
    if (tab === 'Wire') await exchange(page, 'SendStreamingMessage');
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    equal(width, 360, `width of ${tab}`);
  }
});

checks.add('readers of a screen find names, roles and contrast', async (subject) => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const look of [{ colorScheme: 'light' }, { colorScheme: 'dark', viewport: { width: 360, height: 740 } }]) {
    const page = await open(subject, 'analyst', look);
    await reached(await ask(page, 'bar chart of amount by region', { files: [csv('sales.csv', SALES)] }), 'COMPLETED');
    await reached(await ask(page, 'something else entirely'), 'INPUT_REQUIRED');
    await page.evaluate(axe);
    for await (const tab of tabs(page)) {
      if (tab === 'Tasks') {
        await page.locator('.tasks button').first().click();
        await page.locator('#task .task').waitFor();
      }
      if (tab === 'Wire') await exchange(page, 'SendStreamingMessage');
      const found = await page.evaluate(async () => {
        const { violations } = await window.axe.run();
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`);
      });
      equal(found, [], `${look.colorScheme}, ${tab}`);
    }
  }
});

checks.add('light and dark are chosen, and kept', async (subject) => {
  const page = await open(subject, 'kit', { colorScheme: 'light' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.selectOption('#theme', 'dark');
  const dark = await ground();
  holds(dark !== light, `both are ${dark}`);
  await page.reload();
  await until(ground, (colour) => colour === dark, 'colour after a reload');
});
