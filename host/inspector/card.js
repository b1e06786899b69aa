// The agent card: for reading, and as it came.

import { byId, button, copyButton, disclosure, element, json } from './dom.js';

/** `ask(text)` is called when an example is chosen. */
export function showCard(agent, ask) {
  const { card, digest } = agent;
  const capabilities = Object.entries(card.capabilities ?? {}).filter(([, value]) => typeof value === 'boolean');
  byId('card').replaceChildren(
    element('h2', {}, `${card.name ?? 'An agent without a name'} `, element('small', {}, card.version ?? '')),
    element('p', {}, card.description ?? ''),
    facts([
      ['Provider', card.provider && link(card.provider.url, card.provider.organization)],
      ['Documentation', card.documentationUrl && link(card.documentationUrl)],
      ['Capabilities', list(capabilities.map(([name, has]) => `${has ? 'has' : 'has no'} ${words(name)}`))],
      ['Extensions', list((card.capabilities?.extensions ?? []).map(({ uri, required }) => `${uri}${required ? ' (required)' : ''}`))],
      ['Takes', (card.defaultInputModes ?? []).join(', ')],
      ['Gives', (card.defaultOutputModes ?? []).join(', ')],
      ['Security', security(card)],
      ['Signatures', String((card.signatures ?? []).length)],
      ['Component', digest && element('code', {}, digest)],
    ]),
    element('h3', {}, 'Interfaces'),
    interfaces(card.supportedInterfaces ?? []),
    element('h3', {}, 'Skills'),
    ...(card.skills ?? []).map((skill) => skillView(skill, ask)),
    disclosure('Card as JSON', () => element('div', {}, copyButton('Copy card', () => JSON.stringify(card, null, 2)), json(card))),
  );
}

/** When there is none to show. */
export function showNoCard(why) {
  byId('card').replaceChildren(element('p', { class: 'bad' }, `The card could not be read: ${why}`));
}

function facts(rows) {
  const given = rows.filter(([, value]) => value);
  return element('dl', {}, given.map(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]).flat());
}

function list(items) {
  return items.length ? element('ul', { class: 'plain' }, items.map((item) => element('li', {}, item))) : undefined;
}

function words(name) {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function link(url, name = url) {
  if (!/^https?:\/\//i.test(url ?? '')) return name ?? '';
  return element('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, name);
}

function interfaces(all) {
  const head = ['Binding', 'Version', 'URL'].map((name) => element('th', { scope: 'col' }, name));
  const rows = all.map(({ protocolBinding, protocolVersion, url, tenant }) =>
    element('tr', {}, [protocolBinding, protocolVersion, tenant ? `${url} (tenant ${tenant})` : url].map((cell) => element('td', {}, cell ?? ''))),
  );
  return element(
    'div',
    { class: 'scrolled', role: 'group', 'aria-label': 'Interfaces', tabindex: '0' },
    element('table', {}, element('thead', {}, element('tr', {}, head)), element('tbody', {}, rows)),
  );
}

/** Each scheme in a line: its name and what it is. */
function security({ securitySchemes = {} }) {
  const schemes = Object.entries(securitySchemes).map(([name, scheme]) => {
    const [kind, details] = Object.entries(scheme)[0] ?? ['', {}];
    const where = details.name ? `: ${details.location ?? 'in'} ${details.name}` : details.scheme ? `: ${details.scheme}` : '';
    return `${name} (${kind.replace(/SecurityScheme$/, '')}${where})`;
  });
  return list(schemes) ?? 'none';
}

/** The header that the card's first API key goes into; otherwise there is a token. */
export function credentialHeader(card) {
  const schemes = Object.values(card?.securitySchemes ?? {});
  const key = schemes.map((scheme) => scheme.apiKeySecurityScheme).find((scheme) => scheme?.location === 'header');
  return key?.name ?? 'Authorization';
}

function skillView(skill, ask) {
  const examples = (skill.examples ?? []).map((example) => button(example, () => ask(example), { class: 'example', title: 'Put it into the message' }));
  return element(
    'article',
    { class: 'skill' },
    element('h4', {}, skill.name ?? skill.id),
    element('p', {}, skill.description ?? ''),
    skill.tags?.length ? element('p', { class: 'hint' }, skill.tags.join(', ')) : undefined,
    examples.length ? element('div', { class: 'examples' }, examples) : undefined,
  );
}
