// The public card, and the extended one.

import { modern } from '../agent.mjs';
import { Checks, equal, holds } from '../checks.mjs';

export const checks = new Checks();
const check = (...described) => checks.add(...described);

check('card: resolves, and names this binding at this address', async (agent) => {
  const { card } = agent;
  holds(card.name && card.description && card.version, 'name, description or version is empty');
  holds(card.skills.length && card.skills.every((s) => s.tags.length), 'a skill without tags');
  holds(card.capabilities.streaming, 'streaming is not declared');
  holds(card.capabilities.pushNotifications, 'push notifications are not declared');
  const [own] = agent.interfaces();
  holds(own, `no interface for ${agent.binding} in ${agent.version}`);
  equal(new URL(own.url).host, new URL(agent.base).host, "the interface's authority");
  equal(agent.client.transport.protocolName, agent.binding, 'the transport that was chosen');
  equal(agent.client.protocolVersion, agent.version, 'the version that was chosen');
});

check(
  'card: a client that has no preference speaks 1.0',
  async (agent) => {
    const client = await agent.factory.createFromUrl(agent.base);
    equal(client.protocolVersion, '1.0', 'the version that was chosen');
  },
  modern,
);

check('card: the extended one has more skills', async (agent) => {
  holds(agent.card.capabilities.extendedAgentCard, 'an extended card is not declared');
  const extended = await (await agent.connect()).getAgentCard();
  const ids = (card) => card.skills.map((skill) => skill.id);
  const more = ids(extended).filter((id) => !ids(agent.card).includes(id));
  equal(more.length, 1, `skills beyond the public ones among ${ids(extended)}`);
  equal(extended.skills.length, agent.card.skills.length + 1, 'skills of the extended card');
});
