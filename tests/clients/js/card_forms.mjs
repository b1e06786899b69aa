// The agent card as the official JavaScript client reads it, and its signatures.
//
//     node card_forms.mjs BASE_URL [PRIVATE_KEY.pem]
//
// With a key the card has to be signed by it, under the key's own thumbprint.

import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import { DefaultAgentCardResolver } from '@a2a-js/sdk/client';
import { calculateJwkThumbprint } from 'jose';
import { Checks, equal, holds } from './checks.mjs';

const PATH = '/.well-known/agent-card.json';
const [base, pem] = process.argv.slice(2);
if (!base) {
  console.error('usage: node card_forms.mjs BASE_URL [PRIVATE_KEY.pem]');
  process.exit(64);
}
const key = pem && createPublicKey(readFileSync(pem));
const fetched = async (headers) => (await fetch(new URL(PATH, base), { headers })).json();
const FORMS = { pure: { 'A2A-Version': '1.0' }, hybrid: {} };

const checks = new Checks();

checks.add('the client finds an interface of 1.0 first', async () => {
  const card = await new DefaultAgentCardResolver().resolve(base);
  equal(card.supportedInterfaces[0].protocolVersion, '1.0', 'the first interface');
});

checks.add('a reader of 1.0 finds the same in both forms, but for the interfaces of 0.3', async () => {
  const read = async (headers) => AgentCard.fromJSON(await fetched(headers));
  const [pure, hybrid] = [await read(FORMS.pure), await read(FORMS.hybrid)];
  const of10 = (card) => card.supportedInterfaces.filter((i) => i.protocolVersion === '1.0');
  holds(of10(hybrid).length < hybrid.supportedInterfaces.length, 'the hybrid form speaks 0.3 too');
  hybrid.supportedInterfaces = of10(hybrid);
  pure.signatures = hybrid.signatures = [];
  equal(hybrid, pure, 'the hybrid form');
});

for (const [form, headers] of Object.entries(FORMS)) {
  checks.add(`the ${form} form is signed when there is a key`, async () => {
    const card = await fetched(headers);
    equal(Boolean(card.signatures), Boolean(key), 'is signed');
    if (!key) return;
    const thumbprint = await calculateJwkThumbprint(key.export({ format: 'jwk' }));
    const verify = verifyAgentCardSignature(async (kid) => {
      equal(kid, thumbprint, 'the key id');
      return key;
    });
    await verify(card);
    card.name += '!';
    const refused = await verify(card).then(() => false, () => true);
    holds(refused, 'a card that was changed is refused');
  });
}

process.exit(await checks.run());
