// A stream made of another one.

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
  return new ReadableStream<To>(
    {
      pull: async (controller) => {
        const { value, done } = await made.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason) => {
        await reader.cancel(reason);
        await made.return(undefined);
      },
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
