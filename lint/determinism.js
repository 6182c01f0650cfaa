// A plugin for oxlint (and ESLint) with one rule, `holdfast/determinism`: the body of a method that is decorated with
// `@workflow` or `@agent` runs again whenever its run is taken up again, so it must come to the same steps in the same order.
// The rule flags what would differ the second time, and names what to use instead.

const DURABLE_DECORATORS = new Set(['workflow', 'agent']);

const CLOCK = "use now() from 'holdfast', which is recorded";
const RANDOM = "use random() from 'holdfast', which is recorded";
const UUID = "use uuid() from 'holdfast', which is recorded";
const SLEEP = "use sleep() from 'holdfast', which survives a restart";
const EFFECT = 'call it in a method marked with @step or @tool';

/** What must not be used in a workflow's body, by its global name, and what to do instead. */
const FORBIDDEN = new Map([
  ['Date.now', CLOCK],
  ['performance.now', CLOCK],
  ['process.hrtime', CLOCK],
  ['Math.random', RANDOM],
  ['crypto.getRandomValues', RANDOM],
  ['crypto.randomBytes', RANDOM],
  ['crypto.randomInt', RANDOM],
  ['crypto.randomUUID', UUID],
  ['setTimeout', SLEEP],
  ['setInterval', SLEEP],
  ['setImmediate', SLEEP],
  ['fetch', EFFECT],
]);

/** Modules that export forbidden names, and the global name that their exports stand for. */
const MODULES = new Map([
  ['crypto', 'crypto'],
  ['process', 'process'],
  ['perf_hooks', ''],
  ['timers', ''],
  ['timers/promises', ''],
]);

const FUNCTIONS = 'FunctionDeclaration, FunctionExpression, ArrowFunctionExpression';
const LOOPS = 'ForStatement, ForInStatement, ForOfStatement, WhileStatement, DoWhileStatement';
const ITERATORS = new Set(['map', 'flatMap', 'forEach']);

const determinism = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep the bodies of workflows and agents deterministic.' },
    schema: [],
  },
  create(context) {
    /** The functions around the current node, from the workflow's own body inwards; empty outside workflows. */
    const functions = [];
    const enclosing = () => functions.at(-1);
    return {
      [FUNCTIONS](node) {
        if (functions.length > 0 || isDurableBody(context, node)) functions.push({ awaits: 0, loops: 0 });
      },
      [LOOPS]() {
        if (enclosing()) enclosing().loops += 1;
      },
      [`${LOOPS}:exit`]() {
        if (enclosing()) enclosing().loops -= 1;
      },
      AwaitExpression() {
        if (enclosing()) enclosing().awaits += enclosing().loops > 0 ? 2 : 1;
      },
      [`${FUNCTIONS}:exit`](node) {
        const left = functions.pop();
        if (functions.length > 0 && left.awaits > 1 && isBranch(node)) reportBranch(context, node);
      },
      Identifier(node) {
        if (enclosing()) checkReference(context, node);
      },
    };
  },
};

export default { meta: { name: 'holdfast' }, rules: { determinism } };

function isDurableBody(context, node) {
  const method = node.parent;
  if (method.type !== 'MethodDefinition' || method.value !== node) return false;
  return (method.decorators ?? []).some(({ expression }) => DURABLE_DECORATORS.has(decoratorName(context, expression)));
}

/** The name under which a decorator was exported: `workflow` for `@workflow`, `@durable.workflow()` and an import renamed. */
function decoratorName(context, expression) {
  const callee = expression.type === 'CallExpression' ? expression.callee : expression;
  if (callee.type === 'MemberExpression') return propertyName(callee);
  if (callee.type !== 'Identifier') return undefined;
  const [definition] = variableOf(context, callee)?.defs ?? [];
  return definition?.node.type === 'ImportSpecifier' ? importedName(definition.node) : callee.name;
}

/** Reports the outermost forbidden thing that begins with the identifier `node`, such as `Math.random` for `Math`. */
function checkReference(context, node) {
  let name = globalName(context, node);
  if (name === undefined) return;
  let current = node;
  while (!FORBIDDEN.has(name)) {
    if (name === 'Date' && isCurrentDate(current)) {
      report(context, current.parent, current.parent.type === 'NewExpression' ? 'new Date()' : 'Date()', CLOCK);
      return;
    }
    const { parent } = current;
    const property = parent.type === 'MemberExpression' && parent.object === current ? propertyName(parent) : undefined;
    if (property === undefined) return;
    name = join(name, property);
    current = parent;
  }
  report(context, current, name, FORBIDDEN.get(name));
}

/**
 * The global thing that the identifier `node` stands for: itself when nothing in the file declares it, or what it was
 * imported as from a module of Node. Undefined for everything else: properties, types, parameters, own functions.
 */
function globalName(context, node) {
  if (!isReference(context, node)) return undefined;
  const [definition] = variableOf(context, node)?.defs ?? [];
  if (!definition) return join('', node.name);
  if (definition.type !== 'ImportBinding') return undefined;
  const prefix = MODULES.get(String(definition.parent.source.value).replace(/^node:/, ''));
  if (prefix === undefined) return undefined;
  const isWhole = definition.node.type !== 'ImportSpecifier' || importedName(definition.node) === 'default';
  return isWhole ? prefix : join(prefix, importedName(definition.node));
}

function join(name, property) {
  if (name === '') return property === 'globalThis' || property === 'global' ? '' : property;
  return `${name}.${property}`;
}

function isReference(context, node) {
  const { references } = context.sourceCode.getScope(node);
  return references.some((reference) => reference.identifier === node && reference.isTypeReference !== true);
}

function variableOf(context, node) {
  for (let scope = context.sourceCode.getScope(node); scope; scope = scope.upper) {
    const variable = scope.set.get(node.name);
    if (variable) return variable;
  }
  return undefined;
}

function propertyName({ computed, property }) {
  if (computed) return typeof property.value === 'string' ? property.value : undefined;
  return property.name;
}

function importedName({ imported }) {
  return imported.name ?? imported.value;
}

/** `new Date()` and `Date()` read the clock; `new Date(value)` does not. */
function isCurrentDate(node) {
  const { parent } = node;
  if (parent.callee !== node) return false;
  return parent.type === 'CallExpression' || (parent.type === 'NewExpression' && parent.arguments.length === 0);
}

/** An async function of which several run at once: called on the spot without being awaited, or once for each item of a list. */
function isBranch(node) {
  const { parent } = node;
  if (!node.async || parent.type !== 'CallExpression') return false;
  if (parent.callee === node) return parent.parent.type !== 'AwaitExpression';
  return parent.callee.type === 'MemberExpression' && ITERATORS.has(propertyName(parent.callee));
}

function reportBranch(context, node) {
  const message =
    'This branch awaits more than once while others run beside it, so the order of their steps depends on timing: ' +
    "use parallel() from 'holdfast', which numbers the steps of each branch for itself, or start a child workflow.";
  context.report({ node, message });
}

function report(context, node, name, instead) {
  context.report({ node, message: `${name} gives another answer when the workflow is replayed: ${instead}.` });
}
