// Shows the wire log.

import { byId, copyButton, disclosure, element, json, plain, save } from './dom.js';
import { clock, duration } from './time.js';

export class WireView {
  #wire;
  #rows = new Map();
  #list = byId('exchanges');
  #waiting = new Set();

  constructor(wire) {
    this.#wire = wire;
    wire.changed = (exchange) => this.#later(exchange);
    byId('find').addEventListener('input', () => this.#filter());
    byId('clear-wire').addEventListener('click', () => wire.clear());
    byId('save-wire').addEventListener('click', () => {
      save('wire.json', JSON.stringify(wire.exchanges, null, 2));
    });
    this.#later();
  }

  /** Once a frame at most, however fast events come. */
  #later(exchange) {
    if (this.#waiting.size === 0) requestAnimationFrame(() => this.#show());
    this.#waiting.add(exchange);
  }

  #show() {
    const changed = [...this.#waiting].filter((exchange) => exchange !== undefined);
    this.#waiting.clear();
    const kept = new Set(this.#wire.exchanges);
    for (const [exchange, row] of this.#rows) {
      if (kept.has(exchange)) continue;
      row.element.remove();
      this.#rows.delete(exchange);
    }
    for (const exchange of changed.filter((exchange) => kept.has(exchange))) {
      const row = this.#rows.get(exchange) ?? this.#add(exchange);
      row.update();
    }
    this.#filter();
  }

  #add(exchange) {
    const row = new Row(exchange);
    this.#rows.set(exchange, row);
    this.#list.prepend(row.element);
    return row;
  }

  #filter() {
    const wanted = byId('find').value.trim().toLowerCase();
    for (const [exchange, row] of this.#rows) {
      row.element.hidden = wanted !== '' && !JSON.stringify(exchange).toLowerCase().includes(wanted);
    }
  }
}

class Row {
  #exchange;
  #summary = element('summary');
  #response = element('div');
  #shownEvents = 0;

  constructor(exchange) {
    this.#exchange = exchange;
    const details = element('details', { class: 'exchange' }, this.#summary);
    details.addEventListener('toggle', () => {
      if (!details.open || details.childElementCount > 1) return;
      details.append(this.#request(), this.#response);
      this.#showResponse();
    });
    this.element = element('li', {}, details);
  }

  update() {
    const { at, label, method, response, events, error, isOpen, took } = this.#exchange;
    const status = error ? 'failed' : (response?.status ?? '…');
    const good = !error && (!response || response.ok);
    const count = events.length + this.#exchange.left;
    this.#summary.replaceChildren(
      element('time', { datetime: at.toISOString() }, clock(at)),
      ' ',
      element('strong', {}, `${method} ${label}`),
      ' ',
      element('span', { class: good ? 'status' : 'status bad' }, String(status)),
      ` ${count ? `${count} ${count === 1 ? 'event' : 'events'}, ` : ''}${isOpen ? 'open' : duration(took)}`,
    );
    if (this.#response.parentElement) this.#showResponse();
  }

  #request() {
    const { url, headers, body } = this.#exchange;
    return element(
      'div',
      {},
      element('h3', {}, 'Request'),
      plain([`${this.#exchange.method} ${url}`, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n')),
      body === undefined ? undefined : pretty(body),
      element(
        'div',
        { class: 'bar' },
        copyButton('Copy as curl', () => this.#exchange.curl()),
        body === undefined ? undefined : copyButton('Copy body', () => body),
      ),
    );
  }

  #showResponse() {
    const { response, answer, events, error, left } = this.#exchange;
    if (this.#response.childElementCount === 0 && response) {
      const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`);
      this.#response.append(
        element('h3', {}, 'Response'),
        plain([`${response.status} ${response.statusText}`, ...lines].join('\n')),
        element('ol', { class: 'events' }),
        element('div'),
      );
    }
    const [, , list, rest] = this.#response.children;
    for (const { after, text } of events.slice(this.#shownEvents)) {
      list?.append(element('li', {}, element('span', { class: 'after' }, `+${duration(after)}`), plain(text)));
    }
    if (list) this.#shownEvents = events.length;
    const ends = [];
    if (answer) ends.push(pretty(answer), copyButton('Copy answer', () => answer));
    if (left) ends.push(element('p', { class: 'hint' }, `${left} events more are not kept.`));
    if (error) ends.push(element('p', { class: 'bad' }, error));
    (rest ?? this.#response).replaceChildren(...ends);
  }
}

/** JSON with line breaks beside the text as it was. */
function pretty(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return plain(text);
  }
  return element('div', {}, json(value), disclosure('As sent', () => plain(text)));
}
