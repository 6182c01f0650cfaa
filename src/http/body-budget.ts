// How many bytes of request bodies are in the works at a time: a large body costs several times its size until it is recorded, and
// while it is parsed nobody else is served.

/** Bodies up to this size are not counted, so that uploads do not keep messages and small inputs out. */
const UNCOUNTED_BYTES = 64 * 1024;

/** A body's part of the budget. */
export interface BodyShare {
  /** Tells whether the body may have `bytes` in all, and reserves them. */
  grow(bytes: number): boolean;
  /** Gives everything back; may be called more than once. */
  release(): void;
}

/** What all large bodies of a process share. */
export class BodyBudget {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Returns a share for one body, with nothing reserved yet. */
  share(): BodyShare {
    let reserved = 0;
    return {
      grow: (bytes) => {
        const more = bytes > UNCOUNTED_BYTES ? bytes - reserved : 0;
        if (more > this.#free) return false;
        this.#free -= more;
        reserved += more;
        return true;
      },
      release: () => {
        this.#free += reserved;
        reserved = 0;
      },
    };
  }
}
