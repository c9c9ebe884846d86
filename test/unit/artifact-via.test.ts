import { expect, test } from "vitest";

import { viaHops } from "../../artifact/via.ts";

test.each([
  ["1.1 edge", 1],
  ["1.1 EDGE", 1],
  ["HTTP/1.1 edge", 1],
  ["  1.0\t edge\t , 1.1 edge", 2],
  ["1.1 edge,1.1 edge,,1.1 edge,", 3],
  ["1.1 edge (a)", 1],
  ["1.1 edge(a)", 1],
  ["1.1 a (x, 1.1 edge), 1.1 edge", 1],
  ["1.1 a (x (y, 1.1 edge) , 1.1 edge), 1.1 edge", 1],
  ["1.1 a (\\), 1.1 edge), 1.1 edge", 1],
  ["1.1 a ), 1.1 edge", 1],
  ["1.1 a (never closed, 1.1 edge", 0],
  ["1.1 a (\\", 0],
  ["edge", 0],
  ["1.1 edge-1", 0],
  ["1.1 edge:80", 0],
  ["1.1 my-edge", 0],
  ["1.1  ", 0],
  ["", 0],
])("%s names edge %d times", (value, hops) => {
  const bytes = Buffer.from(`edge,${value}, 1.1 edge`);
  expect(viaHops(bytes, 5, 5 + value.length, Buffer.from("Edge"))).toBe(hops);
});
