// Types of the methods of the SDK's system database, for classes that override them.

import type { SystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';

/** The parameters of a method. */
export type Arguments<Name extends keyof SystemDatabase> = SystemDatabase[Name] extends (...args: infer A) => unknown
  ? A
  : never;

/** What a method returns. */
export type Result<Name extends keyof SystemDatabase> = SystemDatabase[Name] extends (...args: never[]) => infer R
  ? R
  : never;
