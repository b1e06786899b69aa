// What an agent sends stays text and pictures; what is secret stays unseen.

import { Checks, equal, holds } from '../checks.mjs';
import { ask, csv, exchange, open, reached, until } from './steps.mjs';

export const checks = new Checks();

const MARKUP = '<img src=x onerror=alert(1)><script>alert(2)</script>';

checks.add('markup that an agent sends is text', async (subject) => {
  const page = await open(subject, 'analyst');
  const turn = await ask(page, 'SELECT * FROM bad', { files: [csv('bad.csv', `${MARKUP},n\n${MARKUP},1\n`)] });
  await reached(turn, 'COMPLETED');
  const cell = turn.locator('.artifact').nth(1).locator('td').first();
  equal(await cell.textContent(), MARKUP, 'the cell');
  equal(await turn.locator('script, img[src=x]').count(), 0, 'elements made from it');
  equal(await page.evaluate(() => window.violations), [], 'violations of the policy');
});

checks.add('an SVG with a script is a picture', async (subject) => {
  const { browser } = subject;
  const before = browser.complaints.length;
  const page = await open(subject, 'analyst');
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="alert(3)"><script>alert(4)</script>' +
    `<image href="${subject.url}/seen"/><rect width="40" height="40"/></svg>`;
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  const turn = await ask(page, 'look', { files: [{ name: 'bad.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(svg) }] });
  const image = turn.locator('.asked img');
  await until(() => image.evaluate((shown) => shown.naturalWidth), (width) => width === 40, 'width');
  const again = await image.evaluate(({ src }) => new Promise((resolve) => {
    const other = new Image();
    other.onload = () => resolve(true);
    other.onerror = () => resolve(false);
    other.src = src;
  }));
  holds(!again, 'the picture can still be opened, by itself, too');
  await page.context().close();
  browser.complaints.length = before;
  holds(!asked.some((url) => url.includes('/seen')), 'the picture loaded something');
});

checks.add('the policy holds', async (subject) => {
  const answer = await fetch(subject.page);
  const policy = answer.headers.get('content-security-policy');
  for (const directive of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "connect-src 'self'"]) {
    holds(policy.includes(directive), `${policy} lacks ${directive}`);
  }
  holds(!/unsafe|\*|https?:/.test(policy), policy);
  holds(!/<script>|style=|\son[a-z]+=|https?:\/\//.test(await answer.text()), 'the page has something inline or from elsewhere');
  // In a browser of its own: here complaints are what is wanted.
  const page = await open(subject, 'kit');
  const before = subject.browser.complaints.length;
  const refused = await page.evaluate(async () => {
    const tried = [];
    const trial = async (name, work) => {
      try {
        await work();
      } catch {
        tried.push(name);
      }
    };
    await trial('markup', () => {
      document.body.innerHTML = '<p>';
    });
    await trial('connection', () => fetch('http://localhost:1/'));
    const image = new Image();
    await trial('image', () => new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
      image.src = 'http://localhost:1/x.png';
    }));
    return tried;
  });
  equal(refused, ['markup', 'connection', 'image'], 'refused');
  const violations = await page.evaluate(() => window.violations);
  holds(violations.length >= 3, violations.join());
  // The browser reports them on its own time, all before the page is gone.
  await page.context().close();
  subject.browser.complaints.length = before;
});

checks.add('a key opens an agent and is seen nowhere', async ({ browser, guarded, key }) => {
  const before = browser.complaints.length;
  const page = await browser.page(`${guarded}/inspector/`);
  await page.locator('#notice:visible').waitFor();
  await page.locator('#card h2').waitFor({ state: 'attached' });
  await page.click('#credential');
  equal(await page.inputValue('#credential-header'), 'X-API-Key', 'the header that the card names');
  await page.fill('#credential-value', key);
  await page.keyboard.press('Enter');
  await page.locator('#notice').waitFor({ state: 'hidden' });
  const turn = await ask(page, 'let me in');
  await reached(turn, 'COMPLETED');
  const found = await exchange(page, 'SendStreamingMessage');
  await found.getByRole('button', { name: 'Copy as curl' }).click();
  await found.getByRole('button', { name: 'Copied' }).waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  holds(command.includes('-H "X-API-Key: $CREDENTIAL"'), command);
  holds(!command.includes(key), 'the key is in the command');
  holds(!(await page.content()).includes(key), 'the key is in the page');
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
  holds(!kept.includes(key), 'the key is kept');
  await page.context().close();
  // The browser logs the 401 that it began with.
  const complaints = browser.complaints.splice(before);
  holds(complaints.every((text) => text.includes('401')), complaints.join());
}, ({ guarded }) => Boolean(guarded));
