// Which Node can run this. Imports nothing, so that it loads on those that cannot.

const OLDEST_MAJOR = 24;

/** Returns what is wrong with the Node that runs us, or undefined where it is new enough. */
export function nodeProblem(): string | undefined {
  const version = process.versions.node;
  if (Number(version.split('.')[0]) >= OLDEST_MAJOR) return undefined;
  return `Node ${version} is too old: use Node ${OLDEST_MAJOR} or newer.`;
}
