// What a check finds, and how a check that is run by itself says so.

/** One thing that breaks a rule: where (a path from the repository's root, and a line where that helps) and what to do. */
export interface Violation {
  file: string;
  line?: number;
  message: string;
}

/** Returns `violation` as a line that editors and terminals turn into a link. */
function formatViolation({ file, line, message }: Violation): string {
  return line === undefined ? `${file}: ${message}` : `${file}:${line}: ${message}`;
}

/** Prints `violations` and lets the process end with exit code 1 when there are any. */
export function reportViolations(violations: Violation[]): void {
  for (const violation of violations) console.log(formatViolation(violation));
  if (violations.length > 0) process.exitCode = 1;
}

/** Returns the line (from 1) of `text` on which the character at `index` stands. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
