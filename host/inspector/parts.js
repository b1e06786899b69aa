// Parts of messages and artifacts: text, data, files.

import { button, disclosure, element, json, plain, save } from './dom.js';
import { markdown } from './markdown.js';
import { asTable, tableView } from './table.js';

/** What an <img> may show: in one, an SVG runs no script and loads nothing. */
const IMAGES = ['image/svg+xml', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const LONGEST_PREVIEW = 2_000;

/** `name` says what the part belongs to, for those who do not see it. */
export function partView(part, name) {
  if (typeof part.text === 'string') return textView(part);
  if (part.data !== undefined) {
    const table = asTable(part.data);
    return element('div', {}, table && tableView(table, name), table ? disclosure('JSON', () => json(part.data)) : json(part.data));
  }
  if (typeof part.raw === 'string') return fileView(part, name);
  if (typeof part.url === 'string') return linkView(part);
  return json(part);
}

function textView(part) {
  const type = mediaType(part);
  const shown = type === '' || type === 'text/plain' || type === 'text/markdown' ? markdown(part.text) : plain(part.text);
  return part.filename ? element('div', {}, label(part), shown) : shown;
}

function fileView(part, name) {
  let bytes;
  try {
    bytes = fromBase64(part.raw);
  } catch {
    return element('p', { class: 'bad' }, 'A file whose bytes are not Base64.');
  }
  const type = mediaType(part);
  const filename = part.filename || 'file';
  const actions = element('div', { class: 'bar' }, label(part, bytes.length), button('Save', () => save(filename, bytes), { 'aria-label': `Save ${filename}` }));
  if (IMAGES.includes(type)) return element('figure', {}, image(bytes, type, part.filename ? `${name}: ${filename}` : name), actions);
  if (/^text\/|json|xml/.test(type)) {
    const text = new TextDecoder().decode(bytes.subarray(0, LONGEST_PREVIEW));
    return element('div', {}, actions, disclosure('Preview', () => plain(text)));
  }
  return actions;
}

/** The address is given up once the picture is there, so that it cannot be opened as a page of its own. */
function image(bytes, type, alt) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const done = () => URL.revokeObjectURL(url);
  const shown = element('img', { alt, onload: done });
  shown.addEventListener('error', () => {
    done();
    shown.replaceWith(element('p', { class: 'bad' }, `The picture (${type}) cannot be shown.`));
  });
  shown.src = url;
  return shown;
}

/** Nothing is loaded from elsewhere unless it is asked for. */
function linkView(part) {
  const isWeb = /^https?:\/\//i.test(part.url);
  const target = isWeb
    ? element('a', { href: part.url, target: '_blank', rel: 'noopener noreferrer' }, part.url)
    : element('code', {}, part.url);
  return element('p', {}, label(part), ' ', target);
}

function label(part, size) {
  const about = [mediaType(part), size === undefined ? '' : bytesShown(size)].filter(Boolean).join(', ');
  return element('span', { class: 'file' }, part.filename || 'A file', about ? ` (${about})` : '');
}

function mediaType(part) {
  return (part.mediaType ?? '').split(';')[0].trim().toLowerCase();
}

export function bytesShown(size) {
  if (size < 1024) return `${size} bytes`;
  return size < 1 << 20 ? `${(size / 1024).toFixed(1)} KiB` : `${(size / (1 << 20)).toFixed(1)} MiB`;
}

function fromBase64(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** The part that a file becomes. */
export function filePart(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => {
      const raw = String(reader.result).replace(/^[^,]*,/, '');
      resolve({ raw, filename: file.name, mediaType: file.type || guess(file.name) });
    };
    reader.readAsDataURL(file);
  });
}

/** Browsers ask the system, which may not know. */
function guess(filename) {
  const endings = { csv: 'text/csv', tsv: 'text/tab-separated-values', json: 'application/json', md: 'text/markdown', txt: 'text/plain' };
  return endings[filename.split('.').pop().toLowerCase()] ?? 'application/octet-stream';
}
