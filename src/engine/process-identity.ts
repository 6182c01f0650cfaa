// How a process is told from another one that got the same pid later: by its host's boot and its own start.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Returns the name of this machine (or container) since its last boot. */
export function hostIdentity(): string {
  return `${hostname()}/${read('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown'}`;
}

/**
 * Returns what tells the process `pid` from any other that ever had or will have that number on this host, or undefined when no
 * such process is running. Where the start of a process cannot be read (other than on Linux), its number alone has to do.
 */
export function processIdentity(pid: number): string | undefined {
  if (!isRunning(pid)) return undefined;
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the name in parentheses, which may hold anything; the start time is the 20th field after it.
  const startedAt = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${pid}@${startedAt ?? 'unknown'}`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
