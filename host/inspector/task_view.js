// A task as it comes to be: its state, what it says, its artifacts, each event. Tasks that wait are answered here.

import { Refused } from './agent.js';
import { button, copyButton, disclosure, element, json, say } from './dom.js';
import { partView } from './parts.js';
import { duration } from './time.js';

const ENDED = ['COMPLETED', 'FAILED', 'CANCELED', 'REJECTED'];
const WAITING = ['INPUT_REQUIRED', 'AUTH_REQUIRED'];
const MOST_EVENTS = 1_000;

/** `TASK_STATE_INPUT_REQUIRED` without what all of them begin with. */
export function stateName(state) {
  return (state ?? '').replace(/^TASK_STATE_/, '') || 'UNKNOWN';
}

export function hasEnded(state) {
  return ENDED.includes(stateName(state));
}

export class TaskView {
  #state = element('span', { class: 'state' }, 'SENT');
  #id = element('code');
  #said = element('div', { class: 'said' });
  #artifacts = element('div', { class: 'artifacts' });
  #answer = element('div');
  #trouble = element('div');
  #actions = element('div', { class: 'bar' });
  #list = element('ol', { class: 'events' });
  #events = element('details', { open: true }, element('summary', {}, 'No events yet'), this.#list);
  #count = 0;
  #began = performance.now();
  #byId = new Map();
  #doing;

  /** `doing` has what can be done: `cancel`, `follow` and `answer(text, files)`, each if it makes sense. */
  constructor(doing) {
    this.#doing = doing;
    const head = element('p', { class: 'head' }, this.#state, ' ', this.#id);
    this.element = element('article', { class: 'task', 'aria-label': 'Answer' }, head, this.#said, this.#artifacts, this.#answer, this.#trouble, this.#actions, this.#events);
  }

  /** Times of events are counted from now. */
  begin() {
    this.#began = performance.now();
    this.#trouble.replaceChildren();
  }

  /** Takes in what `SendMessage`, a stream, or `GetTask` (as `{task}`) gave. */
  take(event) {
    this.#note(event);
    if (event?.task) this.#takeTask(event.task);
    else if (event?.statusUpdate) {
      this.#identify(event.statusUpdate);
      this.#status(event.statusUpdate.status);
    } else if (event?.artifactUpdate) {
      this.#identify(event.artifactUpdate);
      this.#artifact(event.artifactUpdate);
    } else if (event?.message) {
      this.contextId = event.message.contextId;
      this.#say(event.message);
      this.#show('MESSAGE');
    }
    this.#doing.changed?.(this);
  }

  /** The stream is over. A task that still works can be followed further. */
  ended() {
    this.#offer(!WAITING.includes(stateName(this.state)));
  }

  /** Puts the events away until they are asked for. */
  fold() {
    this.#events.open = false;
  }

  failed(error) {
    const data = error.data ?? [];
    const code = error.code === undefined ? '' : ` (code ${error.code})`;
    const status = error.status === undefined ? '' : ` (HTTP ${error.status})`;
    // A broken connection is no verdict on the task.
    const further = this.taskId ? 'The task may go on.' : 'If there is a task already, it is among the tasks.';
    const broke = !(error instanceof Refused);
    const text = broke ? `The connection broke: ${error.message}. ${further}` : `${error.message}${code}${status}`;
    if (!this.state) this.#show('NOT SENT');
    this.#trouble.replaceChildren(
      element('div', { class: 'trouble', role: 'alert' }, element('p', {}, text), data.length ? disclosure('Details', () => json(data)) : undefined),
    );
    this.#offer(true);
  }

  /** What can be done now; while something runs, it is not offered again. */
  #offer(cut = false) {
    const open = this.taskId && !hasEnded(this.state);
    const offers = [];
    if (open && this.#doing.cancel) offers.push(button('Cancel', () => this.#doing.cancel(this), { class: 'cancel' }));
    if (open && this.#doing.follow && (cut || this.#doing.mayFollow)) {
      offers.push(button('Follow', () => this.#doing.follow(this)));
    }
    if (this.taskId) offers.push(copyButton('Copy id', () => this.taskId));
    this.#actions.replaceChildren(...offers);
  }

  #takeTask(task) {
    this.taskId = task.id;
    this.contextId = task.contextId;
    this.#id.textContent = task.id;
    for (const artifact of task.artifacts ?? []) this.#artifact({ artifact });
    this.#status(task.status ?? {});
  }

  #identify({ taskId, contextId }) {
    this.taskId ??= taskId;
    this.contextId ??= contextId;
    this.#id.textContent = this.taskId;
  }

  #status({ state, message }) {
    const changed = state !== this.state;
    this.state = state;
    if (message) this.#say(message);
    this.#show(stateName(state));
    if (changed) say(`The task is ${stateName(state).toLowerCase().replace('_', ' ')}`);
    this.#ask();
    this.#offer();
  }

  #show(name) {
    this.#state.textContent = name;
    this.#state.dataset.state = name;
  }

  #say(message) {
    const known = [...this.#said.children].some(({ dataset }) => dataset.id === message.messageId);
    if (known) return;
    const parts = (message.parts ?? []).map((part) => partView(part, 'message'));
    this.#said.append(element('div', { 'data-id': message.messageId }, parts));
  }

  /** An appended piece goes on where the last one ended. */
  #artifact({ artifact, append }) {
    const before = this.#byId.get(artifact.artifactId);
    const parts = append && before ? joined(before.parts, artifact.parts ?? []) : (artifact.parts ?? []);
    const name = artifact.name || before?.name || artifact.artifactId;
    const shown = before?.shown ?? element('div', { class: 'artifact', role: 'group', 'aria-label': `Artifact ${name}` });
    shown.replaceChildren(element('h3', {}, name === artifact.artifactId ? name : `${name} (${artifact.artifactId})`), ...parts.map((part) => partView(part, name)));
    if (artifact.description) shown.children[0].after(element('p', { class: 'hint' }, artifact.description));
    if (!before) this.#artifacts.append(shown);
    this.#byId.set(artifact.artifactId, { name, parts, shown });
  }

  /** The task waits: it is answered in its place. */
  #ask() {
    const waits = WAITING.includes(stateName(this.state)) && this.#doing.answer;
    if (!waits) {
      this.#answer.replaceChildren();
      return;
    }
    if (this.#answer.childElementCount) return;
    const text = element('textarea', { rows: '2' });
    const files = element('input', { type: 'file', multiple: true });
    const form = element(
      'form',
      { class: 'answer' },
      element('label', {}, 'Answer the question ', text),
      element('label', {}, 'With files ', files),
      element('button', { type: 'submit', class: 'primary' }, 'Answer'),
    );
    const send = () => {
      if (!text.value.trim() && files.files.length === 0) return;
      this.#answer.replaceChildren();
      this.#doing.answer(this, text.value.trim(), [...files.files]);
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      send();
    });
    text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send();
    });
    this.#answer.replaceChildren(form);
    text.focus();
  }

  #note(event) {
    this.#count += 1;
    this.#events.firstChild.textContent = `${this.#count} ${this.#count === 1 ? 'event' : 'events'}`;
    if (this.#count > MOST_EVENTS) return;
    const after = duration(performance.now() - this.#began);
    const entry = element('summary', {}, element('span', { class: 'after' }, `+${after}`), ` ${summary(event)}`);
    const details = element('details', {}, entry);
    details.addEventListener('toggle', () => {
      if (details.open && details.childElementCount === 1) details.append(json(event));
    });
    this.#list.append(element('li', {}, details));
  }
}

/** Text that follows text is one. */
function joined(before, more) {
  const parts = [...before];
  for (const part of more) {
    const last = parts.at(-1);
    const isText = ({ text, filename } = {}) => typeof text === 'string' && !filename;
    if (isText(last) && isText(part)) parts[parts.length - 1] = { ...last, text: last.text + part.text };
    else parts.push(part);
  }
  return parts;
}

function summary(event) {
  if (event?.task) return `task ${stateName(event.task.status?.state)}`;
  if (event?.message) return 'message';
  if (event?.statusUpdate) return `statusUpdate ${stateName(event.statusUpdate.status?.state)}`;
  if (!event?.artifactUpdate) return 'something unknown';
  const { artifact, append, lastChunk } = event.artifactUpdate;
  const notes = [append && 'append', lastChunk && 'lastChunk'].filter(Boolean).join(', ');
  return `artifactUpdate ${artifact?.name || artifact?.artifactId || ''}${notes ? ` (${notes})` : ''}`;
}
