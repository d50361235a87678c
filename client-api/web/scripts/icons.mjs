// The icons, drawn from one description: two rings that overlap, on a rounded square.
import { deflateSync } from "node:zlib";

const BACK = [79, 91, 213];
const RING = [255, 255, 255];

/** All icons by their paths in dist/. */
export function icons() {
  return new Map([
    ["icon.svg", Buffer.from(svg())],
    ["icon-192.png", png(192, 0.22)],
    ["icon-512.png", png(512, 0.22)],
    ["icon-maskable-512.png", png(512, 0)],
    ["badge-96.png", png(96, null)],
  ]);
}

const CIRCLES = [[0.39, 0.5], [0.61, 0.5]];
const [RADIUS, WIDTH] = [0.19, 0.075];

function svg() {
  const ring = ([x, y]) => `<circle cx="${x * 100}" cy="${y * 100}" r="${RADIUS * 100}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">`
    + `<rect width="100" height="100" rx="22" fill="rgb(${BACK})"/>`
    + `<g fill="none" stroke="#fff" stroke-width="${WIDTH * 100}">`
    + `${CIRCLES.map(ring).join("")}</g></svg>\n`;
}

/** A PNG in true colour; `corner` is the rounding, `null` leaves the square out. */
function png(size, corner) {
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const at = y * (size * 4 + 1) + 1 + x * 4;
      rows.set(pixel((x + 0.5) / size, (y + 0.5) / size, 1 / size, corner), at);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const magic = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    magic, chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND"),
  ]);
}

/** How much of a pixel is covered, by its distance from the edge. */
const cover = (distance, unit) => Math.min(1, Math.max(0, 0.5 - distance / unit));

function pixel(x, y, unit, corner) {
  const ring = Math.max(...CIRCLES.map(([cx, cy]) => {
    const distance = Math.abs(Math.hypot(x - cx, y - cy) - RADIUS) - WIDTH / 2;
    return cover(distance, unit);
  }));
  if (corner === null) return [...RING, Math.round(ring * 255)];
  const [dx, dy] = [x, y].map((v) => Math.max(Math.abs(v - 0.5) - (0.5 - corner), 0));
  const square = cover(Math.hypot(dx, dy) - corner - (corner ? 0 : 1), unit);
  const mixed = BACK.map((back, i) => Math.round(back + (RING[i] - back) * ring));
  return [...mixed, Math.round(square * 255)];
}

function chunk(name, data = Buffer.alloc(0)) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc(body), 4 + body.length);
  return frame;
}

function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}
