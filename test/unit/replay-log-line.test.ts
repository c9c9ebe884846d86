import { expect, it } from "vitest";
import { LINE_LENGTH_MAX, readLogLine } from "../../compiler/replay/log-line.ts";

it("reads JSON as Balto, nginx and Caddy write it", () => {
  const balto = {
    level: "info",
    module: "access",
    client: "10.0.0.1",
    method: "GET",
    host: "a.test",
    path: "/x",
    query: "b=c",
    route: "/x",
    status: 200,
    tls: true,
  };
  expect(readLogLine(JSON.stringify(balto), undefined)).toEqual({
    method: "GET",
    scheme: "https",
    authority: "a.test",
    target: "/x?b=c",
    fields: [],
    peer: "10.0.0.1",
  });
  const nginx = {
    request_method: "POST",
    request_uri: "/x?y",
    http_host: "a.test:8080",
    remote_addr: "::1",
    http_user_agent: "curl",
  };
  expect(readLogLine(JSON.stringify(nginx), undefined)).toMatchObject({
    method: "POST",
    authority: "a.test:8080",
    target: "/x?y",
    fields: [{ name: "User-Agent", value: "curl" }],
    peer: "::1",
  });
  const caddy = {
    msg: "handled request",
    request: {
      remote_ip: "10.0.0.2",
      method: "GET",
      host: "a.test",
      uri: "/x",
      headers: { "X-Team": ["a", "b"], Host: ["ignored"] },
      tls: { resumed: false },
    },
  };
  expect(readLogLine(JSON.stringify(caddy), undefined)).toMatchObject({
    scheme: "https",
    peer: "10.0.0.2",
    fields: [
      { name: "X-Team", value: "a" },
      { name: "X-Team", value: "b" },
    ],
  });
});

it("reads the combined format, with a host before it and without, escapes undone", () => {
  const line =
    'a.test:443 10.0.0.1 - "a user" [10/Oct/2000:13:55:36 +0000] "GET /x\\x22?\\u00e9 HTTP/2.0" 200 12 "http://r/\\"" "agent \\\\"';
  expect(readLogLine(line, undefined)).toMatchObject({
    method: "GET",
    authority: "a.test:443",
    target: '/x"?é',
    fields: [
      { name: "Referer", value: 'http://r/"' },
      { name: "User-Agent", value: "agent \\" },
    ],
    peer: "10.0.0.1",
  });
  const common = '10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "HEAD http://b.test/y HTTP/1.1" 304 -';
  expect(readLogLine(common, "a.test")).toMatchObject({
    method: "HEAD",
    authority: "b.test",
    target: "/y",
    fields: [],
  });
});

it("says why a line holds no request", () => {
  const why = (line: string, host?: string) => readLogLine(line, host);
  expect(why("{")).toBe("it is no JSON");
  expect(why('{"message":"started"}')).toBe("it names no method or no path");
  expect(why('{"method":"GET","path":"/"}')).toBe("it names no host: give --host");
  expect(why('{"method":"","path":"/","host":"a"}')).toBe("it holds no request");
  expect(why("anything")).toBe("it is neither JSON nor the combined format");
  expect(why('1.1.1.1 - - [x] "-" 400 0', "a")).toBe("it holds no request line");
  expect(why('1.1.1.1 - - [x] "GET / HTTP/1.1" 200 0')).toBe("it names no host: give --host");
  expect(why(`{${"a".repeat(LINE_LENGTH_MAX)}`)).toBe("it is too long");
  expect(why("{}")).toBe("it names no method or no path");
});
