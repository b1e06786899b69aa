// A conversation with an agent.

import { byId, button, element, notice } from './dom.js';
import { bytesShown, filePart, partView } from './parts.js';
import { TaskView } from './task_view.js';
import { cancel, follow, send } from './work.js';

/** The oldest turn goes when there are more. */
const MOST_TURNS = 100;

export class Chat {
  #agent;
  #contextId;
  #files = [];
  #leaving = new AbortController();

  constructor() {
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#compose();
    });
    byId('message').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#compose();
    });
    byId('files').addEventListener('change', ({ target }) => {
      this.#attach(target.files);
      target.value = '';
    });
    byId('message').addEventListener('paste', ({ clipboardData }) => this.#attach(clipboardData.files));
    const chat = byId('chat');
    chat.addEventListener('dragover', (event) => event.preventDefault());
    chat.addEventListener('drop', (event) => {
      event.preventDefault();
      this.#attach(event.dataTransfer.files);
    });
    byId('new-conversation').addEventListener('click', () => this.open());
  }

  /** Talks to this agent from now on. */
  use(agent) {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.#agent = agent;
    this.open();
  }

  /** Begins a conversation, or goes on with one. */
  open(contextId) {
    this.#contextId = contextId;
    byId('turns').replaceChildren();
    this.#showContext();
  }

  /** Puts a question into the composer. */
  suggest(text) {
    byId('message').value = text;
    byId('message').focus();
  }

  #showContext() {
    const context = byId('context');
    if (this.#contextId) context.replaceChildren('Context ', element('code', {}, this.#contextId));
    else context.replaceChildren('A new conversation');
  }

  #attach(files) {
    this.#files.push(...files);
    this.#showFiles();
  }

  #showFiles() {
    const items = this.#files.map((file, at) =>
      element(
        'li',
        {},
        `${file.name} (${bytesShown(file.size)}) `,
        button('Remove', () => {
          this.#files.splice(at, 1);
          this.#showFiles();
          byId('message').focus();
        }, { 'aria-label': `Remove ${file.name}` }),
      ),
    );
    byId('attached').replaceChildren(...items);
  }

  async #compose() {
    if (!this.#agent) return;
    const parts = await read(byId('message').value.trim(), this.#files);
    if (!parts?.length) return;
    notice('');
    byId('message').value = '';
    this.#files = [];
    this.#showFiles();
    const view = new TaskView({
      cancel: (shown) => cancel(this.#agent, shown),
      follow: (shown) => follow(this.#agent, shown, this.#leaving.signal),
      answer: (shown, text, files) => this.#answer(shown, text, files),
      changed: (shown) => this.#learn(shown),
    });
    const turn = element('div', { class: 'turn' }, asked(parts), view.element);
    const turns = byId('turns');
    turns.append(turn);
    if (turns.childElementCount > MOST_TURNS) turns.firstChild.remove();
    turn.scrollIntoView({ block: 'start' });
    const messageId = byId('message-id').value.trim();
    byId('message-id').value = '';
    await this.#send(view, { messageId: messageId || newId(), parts });
  }

  /** What a waiting task asked for goes to that task. */
  async #answer(view, text, files) {
    const parts = await read(text, files);
    if (!parts) return;
    view.element.before(asked(parts));
    await this.#send(view, { messageId: newId(), taskId: view.taskId, parts });
  }

  async #send(view, message) {
    const modes = byId('modes').value.split(',').map((mode) => mode.trim()).filter(Boolean);
    const configuration = modes.length ? { acceptedOutputModes: modes } : {};
    const how = byId('mode').value;
    const context = this.#contextId;
    const whole = { role: 'ROLE_USER', ...message, ...(context ? { contextId: context } : {}) };
    await send(this.#agent, view, whole, how, configuration, this.#leaving.signal);
  }

  /** The first answer says which conversation this is. */
  #learn(view) {
    if (this.#contextId || !view.contextId || !view.element.isConnected) return;
    this.#contextId = view.contextId;
    this.#showContext();
  }
}

/** The parts of a message; none when a file cannot be read, which is said. */
async function read(text, files) {
  try {
    return [...(text ? [{ text }] : []), ...(await Promise.all(files.map(filePart)))];
  } catch (error) {
    notice(`A file cannot be read: ${error.message}`);
    return undefined;
  }
}

/** `crypto.randomUUID` is for pages that came over TLS or from this machine. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function asked(parts) {
  return element('article', { class: 'asked', 'aria-label': 'Message' }, parts.map((part) => partView(part, 'message')));
}
