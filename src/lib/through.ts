// Streams made of generators, and of other streams.

/**
 * Returns what `make` makes of the values of `source`, as a stream. Who gives it up gives up `source` as well, also before anything was
 * read: a generator that was never begun would not hear of that.
 */
export function through<From, To>(
  source: ReadableStream<From>,
  make: (values: AsyncIterable<From>) => AsyncGenerator<To>,
): ReadableStream<To> {
  const reader = source.getReader();
  const made = make(valuesOf(reader));
  return streamOf(made, async (reason) => {
    await reader.cancel(reason);
    await made.return(undefined);
  });
}

/** Returns `values` as a stream that takes one when it is asked for one. Who gives it up has `giveUp` called, also before anything was read. */
export function streamOf<T>(
  values: AsyncGenerator<T>,
  giveUp: (reason: unknown) => void | Promise<void>,
): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      pull: async (controller) => {
        const { value, done } = await values.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: giveUp,
    },
    { highWaterMark: 0 },
  );
}

async function* valuesOf<T>(reader: ReadableStreamDefaultReader<T>): AsyncGenerator<T> {
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever leaves before the end wants no more of it; after the end nothing happens.
    await reader.cancel();
  }
}
