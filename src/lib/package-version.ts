// The version of this package, as its manifest says.

import { readFileSync } from 'node:fs';

/** Returns the version in the package's own manifest, from `src/` as from the built `dist/src/`. */
export function packageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    const manifest = read(new URL(path, import.meta.url));
    if (manifest?.name === 'holdfast' && manifest.version) return manifest.version;
  }
  return 'unknown';
}

function read(url: URL): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(url, 'utf8')) as { name?: string; version?: string };
  } catch {
    return undefined;
  }
}
