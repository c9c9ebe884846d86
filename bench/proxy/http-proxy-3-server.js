// http-proxy-3 as its documentation sets it up, with an agent that keeps connections.
import http from "node:http";
import httpProxy from "http-proxy-3";

const [port, target] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
const proxy = httpProxy.createProxyServer({ target, agent, xfwd: true });
proxy.on("error", (_, __, response) => response.writeHead?.(502).end());
http
  .createServer((request, response) => proxy.web(request, response))
  .listen(Number(port), "127.0.0.1");
