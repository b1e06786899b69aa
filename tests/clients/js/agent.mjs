// An agent as the official client sees it: connecting, asking, and reading what it answers.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CancelTaskRequest,
  GetTaskRequest,
  ListTasksRequest,
  Role,
  SendMessageRequest,
  SubscribeToTaskRequest,
  taskStateToJSON,
} from '@a2a-js/sdk';
import { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client';
import { equal, holds } from './checks.mjs';

/** The id of no task. */
export const NOWHERE = '00000000-0000-4000-8000-000000000000';
/** What the ten chunks of a `tck-slow-` task make together. */
export const WHOLE = '0 1 2 3 4 5 6 7 8 9 ';
export const BINDINGS = { jsonrpc: 'JSONRPC', rest: 'HTTP+JSON' };
const TRANSPORTS = { jsonrpc: JsonRpcTransportFactory, rest: RestTransportFactory };

export const state = ({ status }) => taskStateToJSON(status.state).replace('TASK_STATE_', '');
export const content = (part, kind) => {
  equal(part.content?.$case, kind, 'the part');
  return part.content.value;
};
export const texts = (parts) => parts.map((part) => content(part, 'text')).join('');
export const userTexts = (task) =>
  task.history.filter((m) => m.role === Role.ROLE_USER).map((m) => texts(m.parts));

/** The events as words: the member that is set, and for a status the state. */
export const words = (events) =>
  events.map(({ payload }) =>
    payload.$case === 'statusUpdate' ? state(payload.value) : payload.$case,
  );
export const taskOf = ({ payload }) =>
  payload.$case === 'task' ? payload.value.id : payload.value.taskId;
export const artifactUpdates = (events) =>
  events.filter((e) => e.payload.$case === 'artifactUpdate').map((e) => e.payload.value);

export async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

export function asking(
  prefix,
  said = 'hi',
  { task, context, messageId, parts, ...configuration } = {},
) {
  return SendMessageRequest.fromJSON({
    message: {
      messageId: messageId ?? `${prefix}-${randomUUID()}`,
      role: 'ROLE_USER',
      parts: parts ?? [{ text: said }],
      taskId: task,
      contextId: context,
    },
    configuration,
  });
}

/** One agent as a client sees it, over one binding. `connect()` again is a second connection. */
export class Agent {
  constructor(base, binding) {
    this.base = base.replace(/\/$/, '');
    this.binding = BINDINGS[binding];
    this.factory = new ClientFactory({
      transports: [new TRANSPORTS[binding]()],
      preferredTransports: [this.binding],
    });
  }

  connect() {
    return this.factory.createFromUrl(this.base);
  }

  async send(prefix, said, options) {
    const answer = await this.client.sendMessage(asking(prefix, said, options));
    holds(answer.status, `the answer to ${prefix} is not a task`);
    return answer;
  }

  stream(prefix, said, options) {
    return this.client.sendMessageStream(asking(prefix, said, options));
  }

  get(id, historyLength) {
    return this.client.getTask(GetTaskRequest.fromJSON({ id, historyLength }));
  }

  list(filters) {
    return this.client.listTasks(ListTasksRequest.fromJSON(filters));
  }

  cancel(id) {
    return this.client.cancelTask(CancelTaskRequest.fromJSON({ id }));
  }

  async reaches(id, wanted) {
    for (;;) {
      const task = await this.get(id);
      if (state(task) === wanted) return task;
      holds(
        ['SUBMITTED', 'WORKING', 'INPUT_REQUIRED'].includes(state(task)),
        `the task ended ${state(task)}, expected ${wanted}`,
      );
      await delay(50);
    }
  }
}

export const subscription = (client, id) =>
  client.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id }));
