// What a tool does to the world, and what follows when nobody knows whether it has done it.

/** What calling a tool does to the world: nothing; something in our own database; something that can be undone; something that cannot. */
export type ToolEffect = 'read' | 'transactional' | 'compensable' | 'irreversible';

/** What to do with a call that was sent and never answered: send it again with its key, ask the tool what became of it, or ask a person. */
export type UnknownPolicy = 'send_again' | 'reconcile' | 'hold';

/** Returns what to do with a call of a tool with this effect that was sent and never answered. */
export function afterUnknown(effect: ToolEffect, hasReconcile: boolean): UnknownPolicy {
  if (effect === 'read') return 'send_again';
  if (hasReconcile) return 'reconcile';
  // The key lets the other side recognise the repeat. Should it not, what was done twice can be undone, unless it is irreversible.
  return effect === 'irreversible' ? 'hold' : 'send_again';
}
