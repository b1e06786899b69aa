// Tables in data parts: `{columns, rows}`, or a list of objects.

import { button, element, save } from './dom.js';

const FIRST_ROWS = 100;
const MOST_ROWS = 2_000;

/** The table that a value is, if it is one. */
export function asTable(value) {
  const isList = Array.isArray;
  if (isList(value?.columns) && isList(value.rows) && value.rows.every(isList)) {
    const columns = value.columns.map((column) => (typeof column === 'object' ? (column?.name ?? '') : String(column)));
    return { columns, rows: value.rows, count: value.rowCount ?? value.rows.length };
  }
  const isRecord = (row) => row !== null && typeof row === 'object' && !isList(row);
  if (isList(value) && value.length > 0 && value.every(isRecord)) {
    const columns = [...new Set(value.flatMap(Object.keys))];
    return { columns, rows: value.map((row) => columns.map((column) => row[column])), count: value.length };
  }
  return undefined;
}

export function tableView({ columns, rows, count }, name) {
  const numeric = columns.map((_, column) => rows.every((row) => row[column] == null || typeof row[column] === 'number'));
  const body = element('tbody');
  const show = (most) => {
    const shown = rows.slice(0, most).map((row) =>
      element('tr', {}, columns.map((_, column) => element('td', { class: numeric[column] && 'number' }, cell(row[column])))),
    );
    body.replaceChildren(...shown);
  };
  show(FIRST_ROWS);
  const caption = `${count} ${count === 1 ? 'row' : 'rows'}${rows.length < count ? `, ${rows.length} of them sent` : ''}`;
  const head = element('tr', {}, columns.map((column, at) => element('th', { scope: 'col', class: numeric[at] && 'number' }, column)));
  const more = button(`Show ${Math.min(rows.length, MOST_ROWS)} rows`, () => {
    show(MOST_ROWS);
    more.remove();
  });
  return element(
    'figure',
    {},
    element(
      'div',
      { class: 'scrolled', role: 'group', 'aria-label': `Table ${name}`, tabindex: '0' },
      element('table', {}, element('caption', {}, caption), element('thead', {}, head), body),
    ),
    element(
      'div',
      { class: 'bar' },
      rows.length > FIRST_ROWS ? more : undefined,
      button('Save as CSV', () => save('table.csv', csv(columns, rows))),
    ),
  );
}

function cell(value) {
  if (value === null || value === undefined) return element('span', { class: 'hint' }, 'null');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function csv(columns, rows) {
  const field = (value) => {
    const text = value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns, ...rows.map((row) => columns.map((_, column) => row[column]))];
  return lines.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}
