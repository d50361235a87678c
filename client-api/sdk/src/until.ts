import type { LiveSession, SessionState } from "./session-types.js";

/** Resolves at the first state that passes, the current one included. */
export function untilState(
  session: Pick<LiveSession, "state" | "on">, test: (state: SessionState) => boolean,
): Promise<SessionState> {
  if (test(session.state)) return Promise.resolve(session.state);
  return new Promise((resolve) => {
    const end = session.on("state", (state) => {
      if (!test(state)) return;
      end();
      resolve(state);
    });
  });
}
