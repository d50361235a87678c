const CODE = "onmessage = ({ data }) => setInterval(() => postMessage(0), data)";

/**
 * Does something every so many milliseconds; the answer ends it. Browsers let the timers of a
 * page that nobody sees run once a minute, which is too rare for a heartbeat; those of a worker
 * they do not. Where a page may have no such worker, its own timer has to do.
 */
export function every(ms: number, work: () => void): () => void {
  const worker = typeof document === "undefined" ? undefined : startWorker(ms);
  if (!worker) return everyHere(ms, work);
  let end = worker.end;
  worker.onBeat(work, () => {
    // The page's policy says no; some browsers tell so only now.
    end();
    end = everyHere(ms, work);
  });
  return () => end();
}

function everyHere(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}

function startWorker(ms: number) {
  const url = URL.createObjectURL(new Blob([CODE], { type: "text/javascript" }));
  const forget = () => URL.revokeObjectURL(url);
  try {
    const worker = new Worker(url);
    worker.postMessage(ms);
    const onBeat = (work: () => void, failed: () => void) => {
      worker.onmessage = work;
      worker.onerror = failed;
    };
    // Not before the end: some browsers load the code later.
    const end = () => {
      worker.terminate();
      forget();
    };
    return { onBeat, end };
  } catch {
    forget();
    return undefined;
  }
}
