/** `balto keygen`. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";

import { keyIdOf } from "../../artifact/signature.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { Failure, reason } from "../failure.ts";

export const keygenCommand: AnyCommand = command({
  name: "keygen",
  summary: "Make a pair of keys to sign artifacts with",
  description: `
Writes NAME.key, the private key for balto compile --sign, which only you can read, and NAME.pub, the
public key for balto serve --trust. Both are Ed25519 in PEM, as OpenSSL writes them. Nothing is ever
overwritten.`,
  flags: {
    output: {
      type: "string",
      short: "o",
      value: "NAME",
      summary: "Where the keys go: NAME.key and NAME.pub",
      required: "where should the keys go?",
    },
  },
  examples: ["balto keygen -o release"],
  run: ({ flags: { output }, terminal }) => {
    const files = { private: `${output}.key`, public: `${output}.pub` };
    for (const path of Object.values(files)) {
      if (existsSync(path)) throw new Failure(`${path} exists already`, "choose another name");
    }
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    write(files.private, privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
    write(files.public, publicKey.export({ type: "spki", format: "pem" }), 0o644);
    terminal.note(`${files.private}, ${files.public}: key ${keyIdOf(publicKey)}\n`);
    return EXIT_OK;
  },
});

function write(path: string, pem: string | Buffer, mode: number): void {
  try {
    writeFileSync(path, pem, { mode, flag: "wx" });
  } catch (error) {
    throw new Failure(`${path} cannot be written: ${reason(error)}`);
  }
}
