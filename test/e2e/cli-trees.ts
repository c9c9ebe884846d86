// Config trees for the tests of the command.

/** One service on a port, as a tree's files. */
export function tree(service: string): Record<string, string> {
  return {
    "balto.config.yaml": 'server:\n  port: "127.0.0.1:0"\n',
    "services/a.yaml": service,
  };
}

export function service(path = "/*", port = 8081): string {
  return `name: a\ndomain: a.example.com\npath_prefix: ${path}\nports: [${port}]\n`;
}

/** Twelve mistakes of twelve kinds, and where each is. */
export const twelveMistakes: Record<string, string | Uint8Array> = {
  "balto.config.yaml": `global:
  load_balancing:
    algorithm: round-robbin
  timeouts:
    read: 5
server:
  port: ":99999"
  trusted_proxies: [10.0.0.0/33]
`,
  "services/a.yaml": `services:
  - domian: a.example.com
    path_prefix: /a/*
    ports: [8081]
  - domain: b.example.com
    path_prefix: api
    ports: [8081]
  - domain: c.example.com
    path_prefix: /c
    ports: []
  - domain: d.example.com
    path_prefix: /same
    ports: [8081]
  - domain: d.example.com
    path_prefix: /same
    ports: [8081]
  - domain: e.example.com
    path_prefix: /e
    backends:
      - url: "ftp://e"
      - url: http://\${env:9X}:80
`,
  "services/b.yaml": "name: b\nname: c\ndomain: f.example.com\npath_prefix: /f\nports: [1]\n",
  "services/c.yaml": new Uint8Array([0x6e, 0x3a, 0x20, 0xff, 0x0a]),
};

/** `file:line:column code` of each, in the order of the report. */
export const twelvePlaces: readonly string[] = [
  "balto.config.yaml:3:16 BAL2004",
  "balto.config.yaml:5:11 BAL3001",
  "balto.config.yaml:7:9 BAL3008",
  "balto.config.yaml:8:21 BAL3007",
  "services/a.yaml:2:5 BAL2001",
  "services/a.yaml:6:18 BAL3005",
  "services/a.yaml:10:12 BAL2006",
  "services/a.yaml:15:18 BAL4002",
  "services/a.yaml:20:14 BAL3003",
  "services/a.yaml:21:21 BAL3009",
  "services/b.yaml:2:1 BAL1021",
  "services/c.yaml:1:4 BAL1010",
];
