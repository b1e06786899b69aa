// The agent's tasks: a page of them at a time, and one at a time.

import { byId, button, disclosure, element, json } from './dom.js';
import { partView } from './parts.js';
import { TaskView, stateName } from './task_view.js';
import { cancel, follow } from './work.js';

const PAGE = 20;
const STATES = ['SUBMITTED', 'WORKING', 'INPUT_REQUIRED', 'AUTH_REQUIRED', 'COMPLETED', 'FAILED', 'CANCELED', 'REJECTED'];

export class Tasks {
  #agent;
  #openConversation;
  /** The tokens of the pages before this one. */
  #before = [];
  #token = '';
  #leaving = new AbortController();

  /** `openConversation(contextId)` goes on with one in the chat. */
  constructor(openConversation) {
    this.#openConversation = openConversation;
    const states = STATES.map((state) => element('option', { value: `TASK_STATE_${state}` }, state));
    byId('state').replaceChildren(element('option', { value: '' }, 'any'), ...states);
    byId('filter').addEventListener('submit', (event) => {
      event.preventDefault();
      this.refresh();
    });
  }

  use(agent) {
    this.#leave();
    this.#agent = agent;
    byId('task-list').replaceChildren();
  }

  /** Shows the first page. */
  async refresh() {
    this.#before = [];
    await this.#show('');
  }

  #leave() {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    byId('task').replaceChildren();
  }

  async #show(token) {
    if (!this.#agent) return;
    const agent = this.#agent;
    const [status, contextId] = [byId('state').value, byId('in-context').value.trim()];
    const params = { pageSize: PAGE, historyLength: 1 };
    if (status) params.status = status;
    if (contextId) params.contextId = contextId;
    if (token) params.pageToken = token;
    let page;
    try {
      page = await agent.call('ListTasks', params);
    } catch (error) {
      if (agent !== this.#agent) return;
      byId('task-list').replaceChildren(element('p', { class: 'trouble', role: 'alert' }, error.message));
      return;
    }
    // Another agent may have been chosen meanwhile.
    if (agent !== this.#agent) return;
    this.#token = token;
    const tasks = page.tasks ?? [];
    const first = this.#before.length * PAGE + 1;
    const count = tasks.length ? `${first} to ${first + tasks.length - 1} of ${page.totalSize ?? '?'}` : 'There are none.';
    byId('task-list').replaceChildren(
      element('p', { class: 'hint', role: 'status' }, count),
      element('ul', { class: 'tasks', 'aria-label': 'Tasks' }, tasks.map((task) => this.#row(task))),
      element(
        'div',
        { class: 'bar' },
        button('Newer', () => this.#show(this.#before.pop()), { disabled: this.#before.length === 0 }),
        button('Older', () => {
          this.#before.push(this.#token);
          this.#show(page.nextPageToken);
        }, { disabled: !page.nextPageToken }),
      ),
    );
  }

  #row(task) {
    const state = stateName(task.status?.state);
    const asked = task.history?.flatMap(({ parts }) => parts ?? []).find(({ text }) => text)?.text ?? '';
    const at = task.status?.timestamp ? new Date(task.status.timestamp).toLocaleString() : '';
    return element(
      'li',
      {},
      element(
        'button',
        { type: 'button', onclick: () => this.#open(task.id) },
        element('span', { class: 'state', 'data-state': state }, state),
        ' ',
        element('span', { class: 'asked-for' }, asked.slice(0, 80) || 'no text'),
        element('br'),
        element('small', {}, at, ' ', element('code', {}, task.id)),
      ),
    );
  }

  async #open(id) {
    this.#leave();
    const [agent, signal] = [this.#agent, this.#leaving.signal];
    const view = new TaskView({
      mayFollow: true,
      cancel: async (shown) => {
        await cancel(agent, shown);
        this.#show(this.#token);
      },
      follow: (shown) => follow(agent, shown, signal),
    });
    const place = byId('task');
    let task;
    try {
      task = await agent.call('GetTask', { id });
      if (signal.aborted) return;
      view.take({ task });
      view.fold();
    } catch (error) {
      if (signal.aborted) return;
      view.failed(error);
    }
    const history = (task?.history ?? []).map((message) =>
      element(
        'article',
        { class: 'asked' },
        element('h4', {}, message.role === 'ROLE_USER' ? 'User' : 'Agent'),
        (message.parts ?? []).map((part) => partView(part, 'message')),
      ),
    );
    place.replaceChildren(
      element(
        'div',
        { class: 'bar' },
        element('h2', {}, 'Task'),
        button('Close', () => this.#leave()),
        task ? button('Go on in the chat', () => this.#openConversation(task.contextId)) : undefined,
      ),
      view.element,
      history.length ? disclosure(`History (${history.length})`, () => element('div', {}, history)) : element('span'),
      task ? disclosure('Task as JSON', () => json(task)) : element('span'),
    );
    place.focus();
  }
}
