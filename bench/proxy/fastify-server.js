// @fastify/http-proxy as its documentation sets it up; its undici pool keeps connections.
import Fastify from "fastify";
import proxy from "@fastify/http-proxy";

const [port, upstream] = process.argv.slice(2);
const server = Fastify({ logger: false });
await server.register(proxy, {
  upstream,
  replyOptions: {
    rewriteRequestHeaders: ({ ip, headers }, sent) => ({
      ...sent,
      "x-forwarded-for": ip,
      "x-forwarded-proto": "http",
      "x-forwarded-host": headers.host,
    }),
  },
});
await server.listen({ port: Number(port), host: "127.0.0.1" });
