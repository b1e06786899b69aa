// A receiver of push notifications, on a free port of this machine.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Failed } from './checks.mjs';

const SECONDS = 30;

/** Notes everything that is posted to it. The first `failures` requests are answered with 503. */
class Webhook {
  #deliveries = [];

  constructor(failures) {
    this.server = createServer(async (request, response) => {
      const status = this.#deliveries.length < failures ? 503 : 200;
      const delivery = { path: request.url, headers: request.headers, status, body: undefined };
      this.#deliveries.push(delivery);
      const said = await text(request);
      try {
        delivery.body = JSON.parse(said);
      } catch {
        delivery.body = said;
      }
      response.writeHead(status).end();
    });
  }

  url(path = '/hook') {
    return `http://127.0.0.1:${this.server.address().port}${path}`;
  }

  /** What was delivered to this path so far, in order. */
  to(path = '/hook') {
    return this.#deliveries.filter((d) => d.path === path && d.body !== undefined);
  }

  /** Waits until what was delivered is enough. */
  async until(enough, path = '/hook') {
    const deadline = Date.now() + SECONDS * 1000;
    for (;;) {
      const found = this.to(path);
      if (enough(found)) return found;
      if (Date.now() > deadline) {
        const bodies = found.map(({ body }) => JSON.stringify(body).slice(0, 200));
        throw new Failed(`not delivered within ${SECONDS} s; what was: ${bodies}`);
      }
      await delay(50);
    }
  }
}

/** Calls `body` with a receiver, and closes it afterwards. */
export async function withWebhook(body, { failures = 0 } = {}) {
  const webhook = new Webhook(failures);
  webhook.server.listen(0, '127.0.0.1');
  await once(webhook.server, 'listening');
  try {
    return await body(webhook);
  } finally {
    webhook.server.closeAllConnections();
    webhook.server.close();
  }
}
