// What is done with tasks: send, follow, cancel. Each shows in a view what comes.

import { Refused } from './agent.js';
import { hasEnded, stateName } from './task_view.js';

const PAUSE = 1_000;
/** JSON-RPC: a task that has ended cannot be followed. */
const UNSUPPORTED_OPERATION = -32004;

/** `how` is `stream`, `wait` or `return`. Returns when nothing more is to come. */
export async function send(agent, view, message, how, configuration, signal) {
  view.begin();
  const params = { message, configuration };
  await shown(view, signal, async () => {
    if (how === 'stream' && agent.streams) {
      for await (const event of agent.stream('SendStreamingMessage', params, signal)) view.take(event);
      return;
    }
    if (how === 'return') configuration.returnImmediately = true;
    view.take(await agent.call('SendMessage', params));
    if (how === 'return' && view.taskId && isAtWork(view)) await goOn(agent, view, signal);
  });
}

export async function follow(agent, view, signal) {
  view.begin();
  await shown(view, signal, () => goOn(agent, view, signal));
}

export async function cancel(agent, view) {
  await shown(view, undefined, async () => {
    view.take({ task: await agent.call('CancelTask', { id: view.taskId }) });
  });
}

async function goOn(agent, view, signal) {
  const look = async () => view.take({ task: await agent.call('GetTask', { id: view.taskId }) });
  if (!agent.streams) {
    for (; isAtWork(view) && !signal.aborted; await pause()) await look();
    return;
  }
  try {
    for await (const event of agent.stream('SubscribeToTask', { id: view.taskId }, signal)) view.take(event);
  } catch (error) {
    // It ended before it was asked for.
    if (!(error instanceof Refused) || error.code !== UNSUPPORTED_OPERATION) throw error;
    await look();
  }
}

const isAtWork = ({ state }) => !hasEnded(state) && !stateName(state).endsWith('_REQUIRED');

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE));

/** Whatever goes wrong is shown where the answer would be. */
async function shown(view, signal, work) {
  try {
    await work();
    view.ended();
  } catch (error) {
    if (!signal?.aborted) view.failed(error);
  }
}
