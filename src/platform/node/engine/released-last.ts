/** What is used of ONNX Runtime's sessions. */
interface Session {
  run(...given: never[]): Promise<unknown>;
  release(): Promise<void>;
}

/** The same session; its memory is given back once the runs that are under way have ended. */
export function releasedLast<S extends Session>(session: S): S {
  const { run, release } = session;
  const running = new Set<Promise<unknown>>();
  return Object.assign(session, {
    run(...given: never[]) {
      const result = run.apply(session, given);
      const ended = result.catch(() => {}).finally(() => running.delete(ended));
      running.add(ended);
      return result;
    },
    async release() {
      await Promise.all(running);
      await release.apply(session);
    },
  });
}
