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
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';
import { TaskNotFoundError } from '@a2a-js/sdk/errors';
import { equal, holds, refused } from './checks.mjs';

/** The id of no task. */
export const NOWHERE = '00000000-0000-4000-8000-000000000000';
/** What the ten chunks of a `tck-slow-` task make together. */
export const WHOLE = '0 1 2 3 4 5 6 7 8 9 ';
export const BINDINGS = { jsonrpc: 'JSONRPC', rest: 'HTTP+JSON' };
export const VERSIONS = ['1.0', '0.3'];
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
  { task, context, messageId, parts, tenant, ...configuration } = {},
) {
  return SendMessageRequest.fromJSON({
    tenant,
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

export const modern = (agent) => agent.version === '1.0';

/**
 * HTTP+JSON in 0.3, where this client has faults of its own: it loses the names of files, and see
 * `bytesOf` and `appended`.
 */
export const oldRest = (agent) => !modern(agent) && agent.binding === 'HTTP+JSON';

/**
 * The bytes of a part. In 0.3 over HTTP+JSON the other SDKs write base64 twice and this one reads
 * it once, so that no server can please them all.
 */
export const bytesOf = (agent, part) => {
  const bytes = Buffer.from(content(part, 'raw'));
  return oldRest(agent) && TWICE.test(bytes.toString('latin1'))
    ? Buffer.from(bytes.toString('latin1'), 'base64')
    : bytes;
};
const TWICE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

/** Whether each update adds to its artifact, which is lost in 0.3 over HTTP+JSON. */
export const appended = (agent, updates) =>
  oldRest(agent) ? undefined : updates.map((update) => update.append);

/** What a client of 0.3 sends: it does not know the header that names a version. */
const unversioned = (url, { headers, ...options } = {}) => {
  const sent = new Headers(headers);
  sent.delete('A2A-Version');
  return fetch(url, { ...options, headers: sent });
};

/**
 * One agent as a client sees it, over one binding in one version of the protocol. `connect()` again
 * is a second connection, `sibling()` another binding or version of the same agent.
 */
export class Agent {
  /** `delivers` is true when what the agent posts reaches this machine. */
  constructor(base, binding, version = '1.0', { delivers = true } = {}) {
    this.base = base.replace(/\/$/, '');
    this.binding = BINDINGS[binding];
    this.version = version;
    this.delivers = delivers;
    const legacyCompat = { enabled: true };
    this.resolver = new DefaultAgentCardResolver({
      legacyCompat,
      ...(modern(this) ? {} : { fetchImpl: unversioned }),
    });
    this.factory = new ClientFactory({
      transports: [new TRANSPORTS[binding]({ legacyCompat })],
      preferredTransports: [this.binding],
      cardResolver: this.resolver,
    });
  }

  async begin() {
    this.card = await this.resolver.resolve(this.base);
    this.client = await this.connect();
    return this;
  }

  connect() {
    return this.factory.createFromAgentCard({
      ...this.card,
      supportedInterfaces: this.interfaces(),
    });
  }

  /** Where the card says that this binding is spoken in this version. */
  interfaces() {
    return this.card.supportedInterfaces.filter(
      (i) => i.protocolBinding === this.binding && i.protocolVersion.startsWith(this.version),
    );
  }

  async sibling({ binding, version } = {}) {
    const own = Object.keys(BINDINGS).find((key) => BINDINGS[key] === this.binding);
    const { delivers } = this;
    return new Agent(this.base, binding ?? own, version ?? this.version, { delivers }).begin();
  }

  /** The call must fail with this error, as far as the client can tell one from another. */
  refused(expected, call, what) {
    if (modern(this)) {
      return refused((error) => error instanceof expected, expected.name, call, what);
    }
    const generic =
      expected === TaskNotFoundError ? /Status: 404|-32001/ : /Status: 4\d\d|-32\d{3}/;
    const fits = (error) => error instanceof expected || generic.test(error.message);
    return refused(fits, `${expected.name} or what the client of 0.3 makes of it`, call, what);
  }

  async send(prefix, said, options) {
    const answer = await this.client.sendMessage(asking(prefix, said, options));
    holds(answer.status, `the answer to ${prefix} is not a task`);
    return answer;
  }

  stream(prefix, said, options) {
    return this.client.sendMessageStream(asking(prefix, said, options));
  }

  get(id, historyLength, tenant) {
    return this.client.getTask(GetTaskRequest.fromJSON({ id, historyLength, tenant }));
  }

  /** Version 0.3 has no such call: there, what a client of 1.0 is told. */
  async list(filters) {
    const { client } = modern(this) ? this : await this.sibling({ version: '1.0' });
    return client.listTasks(ListTasksRequest.fromJSON(filters));
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
