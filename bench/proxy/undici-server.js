// node:http in front, an undici pool behind: what one would write with what Node offers, with care.
import http from "node:http";
import { pipeline } from "node:stream";

import { Pool } from "undici";

const [port, target] = process.argv.slice(2);
const pool = new Pool(target, { connections: 256 });
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "te"]);

/** Raw name and value pairs without those that end here. */
function passed(raw) {
  const kept = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!hopByHop.has(raw[i].toLowerCase())) kept.push(raw[i], raw[i + 1]);
  }
  return kept;
}

http
  .createServer((request, response) => void serve(request, response))
  .listen(Number(port), "127.0.0.1");

/** Forwards one request; what fails before the answer's head is a 502. */
async function serve(request, response) {
  const headers = passed(request.rawHeaders);
  headers.push("X-Forwarded-For", request.socket.remoteAddress, "X-Forwarded-Proto", "http");
  headers.push("X-Forwarded-Host", request.headers.host);
  const hasBody = "content-length" in request.headers || "transfer-encoding" in request.headers;
  const { url: path, method } = request;
  try {
    const body = hasBody ? request : null;
    const answer = await pool.request({ path, method, headers, body });
    response.writeHead(answer.statusCode, passed(Object.entries(answer.headers).flat()));
    pipeline(answer.body, response, () => {});
  } catch {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  }
}
