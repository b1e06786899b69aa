// One agent, however it is reached: the same tasks over both bindings and in both versions.

import { randomUUID } from 'node:crypto';
import {
  WHOLE,
  artifactUpdates,
  bytesOf,
  collect,
  modern,
  state,
  subscription,
  texts,
  userTexts,
  words,
} from '../agent.mjs';
import { Checks, equal } from '../checks.mjs';

export const checks = new Checks();
const check = (...described) => checks.add(...described);
const old = (agent) => !modern(agent);

check(
  'bindings: a task is the same over both, and is continued over the other',
  async (agent) => {
    const binding = agent.binding === 'JSONRPC' ? 'rest' : 'jsonrpc';
    const other = await agent.sibling({ binding });
    const sent = await agent.send('tck-artifact-data');
    equal(await other.get(sent.id), sent, 'read over the other');
    const asked = await agent.send('tck-input-required', 'here');
    const done = await other.send('tck-complete-task', 'there', { task: asked.id });
    equal([done.id, state(done)], [asked.id, 'COMPLETED'], 'what the other answers');
    equal(userTexts(await agent.get(asked.id)), ['here', 'there'], 'the history');
  },
  modern,
);

/** Who begins, who goes on, and what to call it. */
const bothWays = async (agent) => {
  const present = await agent.sibling({ version: '1.0' });
  return [
    [agent, present, 'from 0.3 to 1.0'],
    [present, agent, 'from 1.0 to 0.3'],
  ];
};

check(
  'versions: a task of one is read in the other',
  async (agent) => {
    for (const [first, second, way] of await bothWays(agent)) {
      for (const prefix of ['tck-complete-task', 'tck-artifact-data', 'tck-artifact-file']) {
        const sent = await first.send(prefix);
        const read = await second.get(sent.id);
        equal(shown(second, read), shown(first, sent), `${prefix} ${way}`);
      }
    }
  },
  old,
);

/** What is told of a task, whatever the client makes of what is not set. */
const shown = (agent, { id, contextId, status, artifacts, history }) => ({
  id,
  contextId,
  state: state({ status }),
  timestamp: status.timestamp,
  said: status.message && texts(status.message.parts),
  artifacts: artifacts.map(({ artifactId, parts }) => [
    artifactId,
    parts.map((part) =>
      part.content.$case === 'raw' ? bytesOf(agent, part).toString() : part.content.value,
    ),
  ]),
  history: history.map((m) => [m.messageId, m.role, texts(m.parts)]),
});

check(
  'versions: tasks of both are in one list',
  async (agent) => {
    const context = randomUUID();
    const present = await agent.sibling({ version: '1.0' });
    const ids = [];
    for (const each of [agent, present]) {
      ids.unshift((await each.send('tck-complete-task', 'hi', { context })).id);
    }
    const page = await present.list({ contextId: context });
    equal(
      page.tasks.map((task) => task.id),
      ids,
      'the tasks of the context, newest first',
    );
  },
  old,
);

check(
  'versions: a task of one is continued in the other',
  async (agent) => {
    for (const [first, second, way] of await bothWays(agent)) {
      const asked = await first.send('tck-input-required', 'one');
      const done = await second.send('tck-complete-task', 'two', { task: asked.id });
      equal([done.id, done.contextId], [asked.id, asked.contextId], `ids ${way}`);
      for (const each of [first, second]) {
        const stored = await each.get(asked.id);
        equal([state(stored), userTexts(stored)], ['COMPLETED', ['one', 'two']], way);
      }
    }
  },
  old,
);

check(
  'versions: a task that runs in one is followed, and canceled, in the other',
  async (agent) => {
    for (const [first, second, way] of await bothWays(agent)) {
      const slow = await first.send('tck-slow-6', 'hi', { returnImmediately: true });
      const events = await collect(subscription(second.client, slow.id));
      equal(words(events).at(-1), 'COMPLETED', `the last event ${way}`);
      const [{ payload }] = events;
      const before = payload.$case === 'task' ? payload.value.artifacts : [];
      const after = artifactUpdates(events).map((update) => update.artifact);
      const whole = [...before, ...after].map((artifact) => texts(artifact.parts)).join('');
      equal(whole, WHOLE, `the artifact ${way}`);
      const { id } = await first.send('test-resubscribe-message-id', 'hi', {
        returnImmediately: true,
      });
      equal(state(await second.cancel(id)), 'CANCELED', `canceled ${way}`);
      equal(state(await first.get(id)), 'CANCELED', `read after that ${way}`);
    }
  },
  old,
);
