// The signature of an agent's card, verified by the official JavaScript client.
//
//     node signed_card.mjs BASE_URL PUBLIC_KEY.pem

import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { verifyAgentCardSignature } from '@a2a-js/sdk';
import { DefaultAgentCardResolver } from '@a2a-js/sdk/client';
import { Checks, holds, refused } from './checks.mjs';

const [base, file] = process.argv.slice(2);
if (!file) {
  console.error('usage: node signed_card.mjs BASE_URL PUBLIC_KEY.pem');
  process.exit(64);
}
const key = createPublicKey(await readFile(file));
const verify = verifyAgentCardSignature(async () => key);
const checks = new Checks();

checks.add('signature: holds', async () => {
  const card = await new DefaultAgentCardResolver().resolve(base);
  holds(card.signatures.length, 'no signature');
  await verify(card);
});

checks.add('signature: does not hold for another card', async () => {
  const card = await new DefaultAgentCardResolver().resolve(base);
  card.supportedInterfaces[0].url = 'https://elsewhere.example/';
  await refused(() => true, 'an invalid signature', verify(card), 'another url');
});

process.exit(await checks.run());
