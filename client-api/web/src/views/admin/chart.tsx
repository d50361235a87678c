// A small chart of a figure over the last minutes, drawn by hand as SVG.
import { useState } from "preact/hooks";
import { formatTime } from "../../text/format.js";
import { ta } from "../../i18n/admin.js";

export interface Sample {
  at: number;
  value: number;
}

const WIDTH = 300;
const HEIGHT = 64;
/** Above the highest value, and below the lowest. */
const MARGIN = 4;

/** A line with what it is; points that lie too far apart are not joined. */
export function Chart({ samples, label, format, spanMs, gapMs }: {
  samples: Sample[];
  label: string;
  format: (value: number) => string;
  /** How much time the chart is wide. */
  spanMs: number;
  /** What lies further apart than this was not looked at in between. */
  gapMs: number;
}) {
  const [at, point] = useState<Sample>();
  const last = samples.at(-1);
  if (!last) return <div class="chart" />;
  const values = samples.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (sample: Sample) => WIDTH - ((last.at - sample.at) / spanMs) * WIDTH;
  const y = ({ value }: Sample) => {
    const part = high > 0 ? value / high : 0;
    return HEIGHT - MARGIN - part * (HEIGHT - 2 * MARGIN);
  };
  const look = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    const wanted = ((event.clientX - box.left) / box.width) * WIDTH;
    point(samples.reduce((best, each) => (
      Math.abs(x(each) - wanted) < Math.abs(x(best) - wanted) ? each : best
    ), last));
  };
  const spoken = ta("chart.spoken", {
    label, now: format(last.value), low: format(low), high: format(high),
  });
  return (
    <div class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img"
        aria-label={spoken} onPointerMove={look} onPointerLeave={() => point(undefined)}>
        {pieces(samples, gapMs).map((piece) => {
          const line = piece.map((each) => `${x(each).toFixed(1)},${y(each).toFixed(1)}`);
          const [first, end] = [piece[0], piece.at(-1)];
          if (!first || !end) return null;
          const area = [`${x(first)},${HEIGHT}`, ...line, `${x(end)},${HEIGHT}`].join(" ");
          return <g key={first.at}>
            <polygon class="chart-area" points={area} />
            <polyline class="chart-line" points={line.join(" ")} />
          </g>;
        })}
        {at && <line class="chart-mark" x1={x(at)} x2={x(at)} y1="0" y2={HEIGHT} />}
      </svg>
      <small aria-hidden="true" class="chart-foot">
        {at ? <span>{format(at.value)} · {formatTime(new Date(at.at).toISOString())}</span>
          : <span>{ta("chart.highest", { high: format(high) })}</span>}
      </small>
    </div>
  );
}

/** The samples, parted where nobody looked for a while. */
function pieces(samples: Sample[], gapMs: number): Sample[][] {
  const found: Sample[][] = [];
  let before: Sample | undefined;
  for (const each of samples) {
    if (!before || each.at - before.at > gapMs) found.push([]);
    found.at(-1)?.push(each);
    before = each;
  }
  return found;
}
