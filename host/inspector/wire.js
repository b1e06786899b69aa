// The wire log: what was sent and what came, as text, with times.

import { credential } from './agent.js';

// What is kept is bounded; the oldest goes first.
const MOST_EXCHANGES = 200;
const MOST_EVENTS = 2_000;
const MOST_CHARACTERS = 32 << 20;

const HIDDEN = '••••';

/** All exchanges, oldest first. `changed(exchange)` is called after each change. */
export class Wire {
  #number = 0;
  exchanges = [];
  changed = () => {};

  /** Like `fetch`, which it calls. Returns the exchange once the head of the response is there. */
  async send(label, url, request) {
    this.#number += 1;
    const exchange = new Exchange(this.#number, label, url, request, () => this.changed(exchange));
    this.exchanges.push(exchange);
    this.#forget();
    this.changed(exchange);
    try {
      exchange.response = await fetch(url, { ...request, cache: 'no-store', credentials: 'omit', redirect: 'error' });
    } catch (error) {
      exchange.broke(error);
      throw error;
    }
    exchange.headed = performance.now();
    this.changed(exchange);
    return exchange;
  }

  clear() {
    this.exchanges = [];
    this.changed();
  }

  #forget() {
    const size = () => this.exchanges.reduce((sum, exchange) => sum + exchange.size, 0);
    while (this.exchanges.length > 1 && (this.exchanges.length > MOST_EXCHANGES || size() > MOST_CHARACTERS)) {
      this.exchanges.shift();
    }
  }
}

export class Exchange {
  #changed;
  #began = performance.now();
  #secret = credential.value;

  constructor(number, label, url, { method = 'GET', headers = {}, body }, changed) {
    Object.assign(this, { number, label, url: String(url), method, body });
    this.at = new Date();
    this.#changed = changed;
    this.headers = Object.entries(headers).map(([name, value]) => [
      name,
      name === credential.header && value === this.#secret ? HIDDEN : value,
    ]);
    this.events = [];
    this.left = 0;
  }

  get size() {
    const events = this.events.reduce((sum, { text }) => sum + text.length, 0);
    return (this.body?.length ?? 0) + (this.answer?.length ?? 0) + events;
  }

  /** Milliseconds since it was sent. */
  get took() {
    return (this.end ?? performance.now()) - this.#began;
  }

  get isOpen() {
    return this.end === undefined;
  }

  /** The whole body of the response. */
  async text() {
    try {
      this.answer = await this.response.text();
      this.ended();
      return this.answer;
    } catch (error) {
      this.broke(error);
      throw error;
    }
  }

  received(text) {
    if (this.events.length < MOST_EVENTS) this.events.push({ after: this.took, text });
    else this.left += 1;
    this.#changed();
  }

  broke(error) {
    this.error = error.name === 'AbortError' ? 'this page stopped listening' : String(error.message ?? error);
    this.ended();
  }

  ended() {
    this.end ??= performance.now();
    this.#changed();
  }

  /** The request for a shell. What is secret is read from a variable. */
  curl() {
    const lines = [`curl -sS${this.label.match(/Stream|Subscribe/) ? 'N' : ''} ${quoted(this.url)}`];
    for (const [name, value] of this.headers) {
      lines.push(value === HIDDEN ? `-H "${name}: $CREDENTIAL"` : `-H ${quoted(`${name}: ${value}`)}`);
    }
    if (this.body === undefined) return lines.join(' \\\n  ');
    // An argument has a longest length, standard input has none. JSON on one line never ends the text.
    return `${lines.join(' \\\n  ')} \\\n  --data-binary @- <<'JSON'\n${this.body}\nJSON`;
  }

  /** For a file. */
  toJSON() {
    const { number, at, label, method, url, headers, body, error, events, left, answer } = this;
    return {
      number,
      at,
      took: Math.round(this.took),
      label,
      request: { method, url, headers, body },
      response: this.response && {
        status: this.response.status,
        headers: [...this.response.headers],
        body: answer,
        events,
        eventsLeftOut: left || undefined,
      },
      error,
    };
  }
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
