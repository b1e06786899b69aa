// Puts the page together: which agent, which tab, as whom.

import { Agent, credential, refusal } from './agent.js';
import { credentialHeader, showCard, showNoCard } from './card.js';
import { Chat } from './chat.js';
import { byId, element, notice } from './dom.js';
import { Tasks } from './tasks.js';
import { Wire } from './wire.js';
import { WireView } from './wire_view.js';

const TABS = ['chat', 'card', 'tasks', 'wire'];
/** From this width the wire log stands beside the other tabs. */
const wide = matchMedia('(min-width: 70rem)');

const wire = new Wire();
const chat = new Chat();
const tasks = new Tasks((contextId) => {
  chat.open(contextId);
  open('chat');
  byId('message').focus();
});
/** The tab and the agent in the address. */
const [firstTab, firstAgent] = location.hash.slice(1).split('/');
let agents = [];
let current;
let tab = 'chat';

new WireView(wire);

// --- tabs ----------------------------------------------------------------------------------------

function open(name) {
  tab = wide.matches && name === 'wire' ? 'chat' : name;
  for (const each of TABS) {
    const isOpen = each === tab;
    const button = byId(`tab-${each}`);
    button.setAttribute('aria-selected', String(isOpen));
    button.tabIndex = isOpen ? 0 : -1;
    byId(each).hidden = !isOpen && !(wide.matches && each === 'wire');
  }
  byId('tab-wire').hidden = wide.matches;
  if (tab === 'tasks') tasks.refresh();
  remember();
}

for (const each of TABS) {
  const button = byId(`tab-${each}`);
  button.addEventListener('click', () => open(each));
  button.addEventListener('keydown', ({ key }) => {
    const shown = TABS.filter((name) => !byId(`tab-${name}`).hidden);
    const at = shown.indexOf(each);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + shown.length, Home: 0, End: shown.length - 1 }[key];
    if (to === undefined) return;
    const next = shown[to % shown.length];
    open(next);
    byId(`tab-${next}`).focus();
  });
}
wide.addEventListener('change', () => open(tab));

/** The address says what is looked at, so that it survives a reload. */
function remember() {
  const name = current ? current.name : firstAgent;
  history.replaceState(null, '', `#${tab}${name ? `/${name}` : ''}`);
}

// --- agents --------------------------------------------------------------------------------------

async function readAgents() {
  const url = new URL('agents.json', location.href);
  try {
    const exchange = await wire.send('agents of this host', url, { headers: credential.headers() });
    const text = await exchange.text();
    if (!exchange.response.ok) throw refusal(exchange.response, text);
    agents = JSON.parse(text).agents;
  } catch (error) {
    if (error.status === 401) {
      // The card says which credential, and is for all where there is one agent.
      notice(`${error.message} Give it under Credential.`);
      agents = [{ name: null, path: '' }];
    } else {
      notice(`The host does not answer: ${error.message}`);
      return;
    }
  }
  const select = byId('agent');
  select.replaceChildren(...agents.map(({ name }, at) => element('option', { value: String(at) }, name ?? 'the agent')));
  const named = current?.name ?? firstAgent;
  const at = Math.max(0, agents.findIndex(({ name }) => name === named));
  select.value = String(at);
  await choose(at);
}

async function choose(at) {
  const { name, path } = agents[at];
  const agent = new Agent(name, new URL(`../${path}`, location.href).href, wire);
  current = agent;
  chat.use(agent);
  tasks.use(agent);
  remember();
  try {
    await agent.readCard();
    if (current !== agent) return;
    byId('agent').options[at].textContent = name ? `${agent.card.name} (${name})` : agent.card.name;
    showCard(agent, (question) => {
      open('chat');
      chat.suggest(question);
    });
    if (!credential.value) byId('credential-header').value = credentialHeader(agent.card);
  } catch (error) {
    if (current === agent) showNoCard(error.message);
  }
  if (tab === 'tasks') tasks.refresh();
}

byId('agent').addEventListener('change', ({ target }) => choose(Number(target.value)));

// --- credential and theme ------------------------------------------------------------------------

const dialog = byId('credential-dialog');
byId('credential').addEventListener('click', () => dialog.showModal());
dialog.addEventListener('close', () => {
  const value = byId('credential-value');
  if (dialog.returnValue === 'use') credential.set(byId('credential-header').value, value.value);
  if (dialog.returnValue === 'forget') {
    credential.set('', '');
    value.value = '';
  }
  if (!dialog.returnValue) return;
  byId('credential').dataset.used = String(credential.value !== '');
  dialog.returnValue = '';
  notice('');
  readAgents();
});

const theme = byId('theme');
/** Some browsers refuse to keep anything, and say so by throwing. */
const kept = (() => {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
})();
theme.value = kept?.getItem('attache-theme') ?? '';
theme.addEventListener('change', dress);
function dress() {
  if (theme.value) document.documentElement.dataset.theme = theme.value;
  else delete document.documentElement.dataset.theme;
  kept?.setItem('attache-theme', theme.value);
}

dress();
open(TABS.includes(firstTab) ? firstTab : 'chat');
readAgents();
