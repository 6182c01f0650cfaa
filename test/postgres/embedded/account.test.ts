// The account that stands in for root, and the places that it can reach.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canReach, serverAccount } from '../../../src/postgres/embedded/account.ts';
import { testDirectory } from '../support/directory.ts';

/** An account that owns nothing. */
const STRANGER = { uid: 54_321, gid: 54_321 };

function passwd(...lines: string[]): string {
  const file = join(testDirectory(), 'passwd');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

describe('serverAccount', () => {
  it('is our own for everybody but root', () => {
    expect(serverAccount(1000, '/does/not/exist')).toBeUndefined();
  });

  it('is postgres for root, else nobody', () => {
    const nobody = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin';
    expect(serverAccount(0, passwd('root:x:0:0::/root:/bin/sh', nobody, 'postgres:x:70:71::/:/bin/sh'))).toEqual({
      uid: 70,
      gid: 71,
    });
    expect(serverAccount(0, passwd('root:x:0:0::/root:/bin/sh', nobody))).toEqual({ uid: 65_534, gid: 65_534 });
    expect(serverAccount(0, passwd('nobody:*:-2:-2:::', '_postgres:*:216:216:::'))).toEqual({ uid: 216, gid: 216 });
  });

  it('says what to do where neither exists', () => {
    expect(() => serverAccount(0, passwd('root:x:0:0::/root:/bin/sh'))).toThrow(
      expect.objectContaining({ code: 'embedded_account' }),
    );
  });
});

describe('canReach', () => {
  it('needs a way through every folder', () => {
    const directory = testDirectory();
    const inner = join(directory, 'closed', 'inner');
    mkdirSync(inner, { recursive: true, mode: 0o755 });
    expect(canReach(inner, STRANGER)).toBe(true);
    chmodSync(join(directory, 'closed'), 0o700);
    expect(canReach(inner, STRANGER)).toBe(false);
    expect(canReach(inner, undefined)).toBe(true);
  });

  it("counts the owner's bits for the owner, the group's for the group", () => {
    const directory = testDirectory();
    const owner = { uid: process.getuid!(), gid: 54_321 };
    const member = { uid: 54_321, gid: process.getgid!() };
    chmodSync(directory, 0o705);
    expect([owner, member, STRANGER].map((account) => canReach(directory, account))).toEqual([true, false, true]);
  });
});
