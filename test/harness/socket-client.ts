// Socket client: one HTTP request over a Unix socket, or to an address of the loopback.

import { request, type RequestOptions } from "node:http";

export interface SocketAnswer {
  status: number;
  fields: Record<string, string | string[] | undefined>;
  text: string;
}

export interface SocketRequest {
  method?: string;
  fields?: Readonly<Record<string, string>>;
  body?: string;
}

/** Asks at `unix:/path` or `host:port`. */
export function askAt(
  where: string,
  path: string,
  { method = "GET", fields = {}, body = "" }: SocketRequest = {},
): Promise<SocketAnswer> {
  const [host, port] = where.split(/:(?=[0-9]+$)/);
  const at: RequestOptions = where.startsWith("unix:")
    ? { socketPath: where.slice("unix:".length) }
    : { host: host!, port: port! };
  return new Promise((resolve, reject) => {
    const asking = request({ ...at, method, path, headers: fields, agent: false }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (part: string) => (text += part))
        .on("end", () =>
          resolve({ status: response.statusCode ?? 0, fields: response.headers, text }),
        )
        .on("error", reject);
    });
    asking.on("error", reject).end(body);
  });
}
