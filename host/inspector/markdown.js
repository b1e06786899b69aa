// Markdown as agents write it: headings, paragraphs, lists, tables, code, emphasis. Links stay text.

import { element } from './dom.js';

export function markdown(text) {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks = [];
  let at = 0;
  /** Takes the lines from here on that fit. */
  const take = (fits) => {
    const from = at;
    while (at < lines.length && fits(lines[at], at - from)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const heading = /^(#{1,6})\s+(.*)/.exec(line);
    if (line.trim() === '') {
      at += 1;
    } else if (line.startsWith('```')) {
      at += 1;
      const code = take((other) => !other.startsWith('```'));
      at += 1;
      blocks.push(element('pre', { tabindex: '0' }, code.join('\n')));
    } else if (heading) {
      at += 1;
      // Below the headings of the page.
      blocks.push(element(`h${Math.min(heading[1].length + 3, 6)}`, {}, inline(heading[2])));
    } else if (isRow(line) && isRule(lines[at + 1])) {
      blocks.push(table(take(isRow)));
    } else if (isItem(line)) {
      const items = take((other, index) => isItem(other) || (index > 0 && /^\s+\S/.test(other)));
      blocks.push(list(items));
    } else {
      blocks.push(element('p', {}, inline(take((other) => isProse(other)).join('\n'))));
    }
  }
  return element('div', { class: 'prose' }, blocks);
}

const isRow = (line) => line.trim().startsWith('|');
const isRule = (line) => line !== undefined && /^\s*\|[\s:|-]+$/.test(line) && line.includes('-');
const isItem = (line) => /^\s*(?:[-*+]|\d+[.)])\s+/.test(line);

function isProse(line) {
  return line.trim() !== '' && !line.startsWith('```') && !/^#{1,6}\s/.test(line) && !isItem(line) && !isRow(line);
}

function cells(line) {
  const row = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function table([head, rule, ...rows]) {
  const right = cells(rule).map((cell) => cell.endsWith(':'));
  const row = (name, line) =>
    element('tr', {}, cells(line).map((cell, column) => element(name, { class: right[column] && 'number' }, inline(cell))));
  return element(
    'div',
    { class: 'scrolled', role: 'group', 'aria-label': 'Table', tabindex: '0' },
    element('table', {}, element('thead', {}, row('th', head)), element('tbody', {}, rows.map((line) => row('td', line)))),
  );
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    if (isItem(line)) items.push(line.replace(/^\s*(?:[-*+]|\d+[.)])\s+/, ''));
    else items.push(`${items.pop()}\n${line.trim()}`);
  }
  const name = /^\s*\d/.test(lines[0]) ? 'ol' : 'ul';
  return element(name, {}, items.map((item) => element('li', {}, inline(item))));
}

/** Code, strong and emphasis. */
function inline(text) {
  const pieces = [];
  let rest = text;
  for (;;) {
    const found = /`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?!\w)/.exec(rest);
    if (!found) return [...pieces, rest];
    const [whole, code, strong, emphasis] = found;
    pieces.push(rest.slice(0, found.index));
    if (code !== undefined) pieces.push(element('code', {}, code));
    else if (strong !== undefined) pieces.push(element('strong', {}, strong));
    else pieces.push(element('em', {}, emphasis));
    rest = rest.slice(found.index + whole.length);
  }
}
