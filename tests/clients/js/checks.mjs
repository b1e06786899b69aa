// A list of named checks: each prints one line, and a failure does not stop the next one.

import { isDeepStrictEqual, inspect } from 'node:util';

const SECONDS = 60;

export class Failed extends Error {}

export function holds(condition, what) {
  if (!condition) throw new Failed(what);
}

export function equal(actual, expected, what) {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Failed(`${what}: ${inspect(actual)}, expected ${inspect(expected)}`);
  }
}

/** The call must fail with an error of this class. */
export async function refused(expected, call, what) {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    holds(error instanceof expected, `${what}: ${error}, expected ${expected.name}`);
    holds(error.message?.trim(), `${what}: ${expected.name} without a message`);
    return error;
  }
  throw new Failed(`${what}: answered ${inspect(answer)}, expected ${expected.name}`);
}

export class Checks {
  #checks = [];

  /** The checks of every group, in this order. */
  static all(...groups) {
    const whole = new Checks();
    for (const group of groups) whole.#checks.push(...group.#checks);
    return whole;
  }

  add(name, check) {
    this.#checks.push([name, check]);
  }

  /** Runs every check with `subject`, and returns how many failed. */
  async run(subject) {
    let failed = 0;
    for (const [name, check] of this.#checks) {
      let timer;
      const late = new Promise((_, reject) => {
        timer = setTimeout(
          () => reject(new Failed(`no answer within ${SECONDS} s`)),
          SECONDS * 1000,
        );
      });
      try {
        await Promise.race([check(subject), late]);
        console.log(`ok ${name}`);
      } catch (error) {
        failed += 1;
        const why = error instanceof Failed ? error.message : (error.stack ?? String(error));
        console.log(`FAIL ${name}: ${why.split('\n').slice(0, 3).join(' | ')}`);
      } finally {
        clearTimeout(timer);
      }
    }
    console.log(`${this.#checks.length - failed} passed, ${failed} failed`);
    return failed;
  }
}
