// What the environment may set for this application.

import { resolve } from 'node:path';

/** Settings of the documents application. */
export interface Settings {
  /** Below it lie the files that `file` and `directory` may name. */
  directory: string;
  /** Whether `url` may lead to loopback and private addresses. */
  allowPrivateUrls: boolean;
}

/** Returns the settings: HOLDFAST_DOCUMENTS_DIR (the working directory) and HOLDFAST_DOCUMENTS_ALLOW_PRIVATE_URLS (off). */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  return {
    directory: resolve(environment.HOLDFAST_DOCUMENTS_DIR || '.'),
    allowPrivateUrls: environment.HOLDFAST_DOCUMENTS_ALLOW_PRIVATE_URLS === '1',
  };
}
