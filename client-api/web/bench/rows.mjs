// How figures are printed: as the other benches do it, a table for people, or one JSON object a
// line for programs.

/** Prints rows as they come: `{ name, value, unit, floor }`, where `floor` may lack. */
export class Rows {
  #isBegun = false;

  constructor(names, json) {
    this.names = names;
    this.json = json;
  }

  /** Whether a figure was asked for, by the beginning of its name. */
  wants(figure) {
    return !this.names.length || this.names.some((name) => figure.startsWith(name));
  }

  print(rows) {
    for (const { name, value, unit, floor = null } of rows.filter((row) => this.wants(row.name))) {
      if (this.json) console.log(JSON.stringify({ name, value, unit, floor }));
      else this.#line(name, shown(value), unit, floor === null ? "-" : shown(floor));
    }
  }

  #line(name, value, unit, floor) {
    if (!this.#isBegun) console.log(line("name", "value", "unit", "floor"));
    this.#isBegun = true;
    console.log(line(name, value, unit, floor));
  }
}

function line(name, value, unit, floor) {
  return `${name.padEnd(28)} ${value.padStart(12)} ${unit.padEnd(6)} ${floor.padStart(12)}`;
}

/** Three digits that mean something. */
function shown(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
