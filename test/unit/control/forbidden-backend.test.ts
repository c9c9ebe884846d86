// Backends that the API does not take: link-local addresses and metadata services, however written.

import { expect, it } from "vitest";

import { forbiddenBackends, isForbidden } from "../../../control/service/forbidden-backend.ts";

it.each([
  "169.254.169.254:80",
  "http://169.254.169.254",
  "http://169.254.0.1/latest/meta-data/",
  "http://0xa9fea9fe:80",
  "http://0xA9.0xFE.0xA9.0xFE",
  "http://[fe80::1]:80",
  "http://[febf::1]",
  "http://[fd00:ec2::254]",
  "http://[fd00:0ec2:0:0::0254]:80",
  "http://[::ffff:169.254.169.254]",
  "http://[::ffff:a9fe:a9fe]:8080",
  "http://[0:0:0:0:0:ffff:a9fe:a9fe]",
  "http://[::169.254.169.254]",
  "http://[::ffff:0:169.254.169.254]",
  "http://[64:ff9b::169.254.169.254]",
  "http://[2002:a9fe:a9fe::1]",
  "http://100.100.100.200",
  "http://168.63.129.16",
  "http://metadata.google.internal",
  "http://METADATA.GOOGLE.INTERNAL:80/computeMetadata",
  "http://${env:HOST:-169.254.169.254}:80",
  "http://169.254.169.254:${env:PORT}",
])("%s is refused", (text) => {
  expect(isForbidden(text)).toBe(true);
});

it.each([
  "8081",
  "10.0.0.7:8080",
  "http://169.253.0.1",
  "http://169.255.0.1",
  "http://[fd00:ec2::253]",
  "http://[fec0::1]",
  "http://[::1]:80",
  "http://[::ffff:10.0.0.1]",
  "http://example.com",
  "http://metadata.example.com",
  "http://${env:HOST}:80",
  "http://a9fea9fe:80",
  "not a url",
])("%s is taken", (text) => {
  expect(isForbidden(text)).toBe(false);
});

it("lets alone what is in the tree already", () => {
  const value = { ports: ["169.254.1.1:80"], backends: [{ url: "http://[fe80::1]" }] };
  expect(forbiddenBackends(value)).toEqual(["169.254.1.1:80", "http://[fe80::1]"]);
  expect(forbiddenBackends(value, { ports: ["169.254.1.1:80"] })).toEqual(["http://[fe80::1]"]);
});
