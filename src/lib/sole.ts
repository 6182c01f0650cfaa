// What a process has one of at a time.

/** A place that one holder has until it leaves. */
export class Sole {
  #isTaken = false;

  /** Returns how to leave the place; leaving twice is as good as once. @throws what `refusal` returns while somebody else has it */
  take(refusal: () => Error): { stop(): Promise<void> } {
    if (this.#isTaken) throw refusal();
    this.#isTaken = true;
    let isHeld = true;
    return {
      stop: async () => {
        if (isHeld) this.#isTaken = false;
        isHeld = false;
      },
    };
  }
}
