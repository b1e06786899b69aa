// An agent of this host, asked over JSON-RPC as A2A 1.0 has it. Everything goes through the wire log.

import { events } from './events.js';

/** What an agent or the host answered instead of a result. */
export class Refused extends Error {
  constructor(message, { code, status, data } = {}) {
    super(message);
    Object.assign(this, { code, status, data });
  }
}

/** What all agents are sent; it stays in memory. */
export const credential = {
  header: 'Authorization',
  value: '',

  /** `Bearer` goes without saying. */
  set(header, value) {
    this.header = header.trim() || 'Authorization';
    const bare = this.header.toLowerCase() === 'authorization' && value && !value.trim().includes(' ');
    this.value = bare ? `Bearer ${value.trim()}` : value.trim();
  },

  headers() {
    return this.value ? { [this.header]: this.value } : {};
  },
};

export class Agent {
  #wire;
  #calls = 0;

  /** `url` ends in a slash. */
  constructor(name, url, wire) {
    this.name = name;
    this.url = url;
    this.#wire = wire;
    this.card = undefined;
  }

  /** Reads the card, and remembers it. */
  async readCard() {
    const exchange = await this.#wire.send('agent card', new URL('.well-known/agent-card.json', this.url), {
      headers: { 'A2A-Version': '1.0', ...credential.headers() },
    });
    const text = await exchange.text();
    if (!exchange.response.ok) throw refusal(exchange.response, text);
    this.card = parse(text, exchange.response);
    this.digest = exchange.response.headers.get('attache-component-digest');
    return this.card;
  }

  get streams() {
    return this.card?.capabilities?.streaming === true;
  }

  async call(method, params) {
    const exchange = await this.#send(method, params, 'application/json');
    const text = await exchange.text();
    if (!exchange.response.ok && !isRpc(text)) throw refusal(exchange.response, text);
    return result(parse(text, exchange.response));
  }

  /** Yields the results of a stream. It may be a single one, when the agent answers without a stream. */
  async *stream(method, params, signal) {
    const exchange = await this.#send(method, params, 'text/event-stream', signal);
    const type = exchange.response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream')) {
      const text = await exchange.text();
      if (!isRpc(text)) throw refusal(exchange.response, text);
      yield result(parse(text, exchange.response));
      return;
    }
    try {
      for await (const event of events(exchange.response.body)) {
        exchange.received(event.text);
        if (event.data !== undefined) yield result(parse(event.data, exchange.response));
      }
    } catch (error) {
      exchange.broke(error);
      throw error;
    } finally {
      exchange.ended();
    }
  }

  #send(method, params, accept, signal) {
    this.#calls += 1;
    const required = (this.card?.capabilities?.extensions ?? []).filter(({ required }) => required);
    const headers = { 'Content-Type': 'application/json', Accept: accept, 'A2A-Version': '1.0' };
    if (required.length) headers['A2A-Extensions'] = required.map(({ uri }) => uri).join(', ');
    return this.#wire.send(method, new URL(this.url), {
      method: 'POST',
      headers: { ...headers, ...credential.headers() },
      body: JSON.stringify({ jsonrpc: '2.0', id: this.#calls, method, params }),
      signal,
    });
  }
}

function isRpc(text) {
  try {
    return JSON.parse(text)?.jsonrpc === '2.0';
  } catch {
    return false;
  }
}

function parse(text, response) {
  try {
    return JSON.parse(text);
  } catch {
    const status = response.status;
    throw new Refused(`the answer (HTTP ${status}) is not JSON: ${text.slice(0, 200) || 'it is empty'}`, { status });
  }
}

function result(answer) {
  if (answer?.error) {
    const { code, message, data } = answer.error;
    throw new Refused(message || 'an error without a message', { code, data });
  }
  return answer?.result;
}

/** What the host says by itself has the shape of a google.rpc.Status. */
export function refusal(response, text) {
  const { status } = response;
  let said;
  try {
    said = JSON.parse(text).error;
  } catch {
    // What is not JSON is shown as it is.
  }
  const message = said?.message ?? (text.slice(0, 200) || `HTTP ${status} without a body`);
  return new Refused(message, { status, data: said?.details });
}
