import type { WellKnown } from "./types.js";

type Endpoint = WellKnown["endpoints"][number];

/**
 * The URLs in the order in which to try them: by ascending priority, among equals drawn with
 * chances by weight. A weight of 0 counts as a little.
 */
export function chooseEndpoints(endpoints: Endpoint[], random: () => number): string[] {
  const left = [...endpoints];
  const order: string[] = [];
  while (left.length) {
    const lowest = Math.min(...left.map((endpoint) => endpoint.priority));
    const equals = left.filter((endpoint) => endpoint.priority === lowest);
    const weight = (endpoint: Endpoint) => Math.max(endpoint.weight, 0.1);
    let drawn = random() * equals.reduce((sum, endpoint) => sum + weight(endpoint), 0);
    const found = equals.find((endpoint) => (drawn -= weight(endpoint)) < 0) ?? equals[0];
    left.splice(left.indexOf(found as Endpoint), 1);
    order.push((found as Endpoint).url);
  }
  return order;
}
