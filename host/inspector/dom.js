// Builds elements. What an agent sent only ever becomes a text node: nothing here parses markup.

/** `attributes` may have listeners (`onclick`), and `false` or `undefined` for what is left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

export function button(label, onclick, attributes = {}) {
  return element('button', { type: 'button', onclick, ...attributes }, label);
}

/** Copies what `text()` returns, and says so on the button. */
export function copyButton(label, text) {
  const made = button(label, async () => {
    try {
      await navigator.clipboard.writeText(text());
      made.textContent = 'Copied';
    } catch {
      made.textContent = 'The browser does not allow copying';
    }
    setTimeout(() => {
      made.textContent = label;
    }, 2000);
  });
  return made;
}

/** Something long that is opened on demand; `content()` is asked when it is. */
export function disclosure(summary, content, attributes = {}) {
  const made = element('details', attributes, element('summary', {}, summary));
  made.addEventListener('toggle', () => {
    if (made.open && made.childElementCount === 1) made.append(content());
  });
  return made;
}

/** Saves bytes or text as a file. The type keeps a browser from showing it as a page. */
export function save(filename, content) {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  element('a', { href: url, download: filename }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** What the whole page has to say; nothing with an empty text. */
export function notice(text) {
  byId('notice').textContent = text;
  byId('notice').hidden = !text;
}

/** Tells readers of the screen alone. */
export function say(text) {
  byId('said').textContent = text;
}

const LONGEST_SHOWN = 20_000;

/** Text as it is; of very long text its beginning. */
export function plain(text, attributes = {}) {
  const shown =
    text.length > LONGEST_SHOWN
      ? `${text.slice(0, LONGEST_SHOWN)}\n… ${text.length - LONGEST_SHOWN} characters more`
      : text;
  return element('pre', { tabindex: '0', ...attributes }, shown);
}

export function json(value) {
  return plain(JSON.stringify(value, null, 2));
}
