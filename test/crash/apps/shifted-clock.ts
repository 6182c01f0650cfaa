// Loaded before everything else with `--import`: the process's own clock is wrong by CLOCK_SHIFT_MS milliseconds from now on.

const shift = Number(process.env.CLOCK_SHIFT_MS);
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + shift] : args, self),
  apply: () => new Date().toString(),
  get: (target, key) => (key === 'now' ? () => RealDate.now() + shift : Reflect.get(target, key)),
});
