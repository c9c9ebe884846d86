/**
 * Signature: who vouches for an artifact. Signing adds an entry to the trailer and leaves the content
 * and its digest as they are. What is signed is the content's digest and the revision.
 */
import type { KeyObject } from "node:crypto";

import { ArtifactError } from "./artifact-error.ts";
import { type Container, openContainer, restamp } from "./container.ts";
import { cryptoModule } from "./crypto-module.ts";
import { KEY_ID_BYTES } from "./layout.ts";

/** A public key whose signatures count. */
export interface TrustedKey {
  /** 16 hex digits. */
  id: string;
  key: KeyObject;
}

/** Why a text is no key that can be used; the message follows the name of the key. */
export class KeyError extends Error {
  override name = "KeyError";
  /** What to do about it. */
  readonly help: string;

  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** No signature that was made for anything else can be passed off as one of an artifact. */
const DOMAIN = Buffer.from("balto artifact signature 1\0", "latin1");

/**
 * The file with a signature by each key, beside those by other keys that it has.
 *
 * @param keys Ed25519, private
 * @throws ArtifactError when the file is no artifact
 * @throws RangeError when it has too many signatures
 */
export function sign(file: Uint8Array, keys: readonly KeyObject[]): Uint8Array {
  const { digest, revision, signatures } = openContainer(file);
  const message = messageOf(digest, revision);
  const all = new Map(signatures.map((signature) => [signature.keyId, signature]));
  for (const key of keys) {
    const keyId = keyIdOf(cryptoModule().createPublicKey(key));
    all.set(keyId, { keyId, bytes: cryptoModule().sign(null, message, key) });
  }
  // In one order, whatever the order of the keys.
  const sorted = [...all.values()].toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1));
  return restamp(file, { revision, signatures: sorted });
}

/**
 * Says whether each signature holds, in their order; undefined where its key is none of `keys`.
 */
export function judgements(
  { digest, revision, signatures }: Omit<Container, "sections">,
  keys: readonly TrustedKey[],
): (boolean | undefined)[] {
  if (signatures.length === 0) return [];
  const message = messageOf(digest, revision);
  return signatures.map(({ keyId, bytes }) => {
    const known = keys.filter(({ id }) => id === keyId);
    if (known.length === 0) return undefined;
    // A copy: the file may lie in shared memory.
    return known.some(({ key }) =>
      cryptoModule().verify(null, message, key, Uint8Array.from(bytes)),
    );
  });
}

/**
 * Passes a file that one of the keys has signed.
 *
 * @throws ArtifactError naming who signed it and who is trusted
 */
export function requireTrust(
  container: Omit<Container, "sections">,
  trusted: readonly TrustedKey[],
): void {
  const judged = judgements(container, trusted);
  if (judged.includes(true)) return;
  const signers = container.signatures.map(({ keyId }) => keyId);
  const broken = signers.filter((_, index) => judged[index] === false);
  const said =
    signers.length === 0
      ? "it is not signed"
      : broken.length > 0
        ? `its signature by ${broken.join(", ")} does not hold: it was changed after it was signed`
        : `it is signed by ${signers.join(", ")}, which is not trusted`;
  const ids = trusted.map(({ id }) => id).join(", ");
  throw new ArtifactError(`${said}; trusted: ${ids}`);
}

/**
 * Reads a key to sign with.
 *
 * @param pem PKCS #8 (RFC 5958)
 * @throws KeyError
 */
export function readSigningKey(pem: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----/.test(pem)) {
    throw new KeyError(
      "is encrypted, and no passphrase is asked for",
      "decrypt it where it is used: openssl pkey -in KEY -out PLAIN",
    );
  }
  if (isPublic(pem)) {
    throw new KeyError("is a public key", "sign with the private key that it belongs to");
  }
  return ed25519(() => cryptoModule().createPrivateKey(pem), "private");
}

/**
 * Reads a key to trust.
 *
 * @param pem SubjectPublicKeyInfo (RFC 8410)
 * @throws KeyError
 */
export function readTrustedKey(pem: string): TrustedKey {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new KeyError(
      "is a private key, which does not belong where artifacts are served",
      "give its public half: openssl pkey -in KEY -pubout -out KEY.pub",
    );
  }
  if (!isPublic(pem)) throw notPem("public");
  if (pem.split("-----BEGIN").length > 2) {
    throw new KeyError("holds more than one key", "give each in a file of its own");
  }
  const key = ed25519(() => cryptoModule().createPublicKey(pem), "public");
  return { id: keyIdOf(key), key };
}

/** The id of a public key: the first bytes of its SHA-256, in hex. */
export function keyIdOf(key: KeyObject): string {
  const raw = Buffer.from(key.export({ format: "jwk" }).x!, "base64url");
  return cryptoModule()
    .createHash("sha256")
    .update(raw)
    .digest("hex")
    .slice(0, KEY_ID_BYTES * 2);
}

function messageOf(digest: string, revision: string): Buffer {
  return Buffer.concat([DOMAIN, Buffer.from(digest, "hex"), Buffer.from(revision, "utf8")]);
}

function isPublic(pem: string): boolean {
  return /-----BEGIN PUBLIC KEY-----/.test(pem);
}

/** What OpenSSL says of a text that is no key helps nobody, and might quote it. */
function ed25519(read: () => KeyObject, half: "private" | "public"): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    throw notPem(half);
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw new KeyError(`is of the kind ${key.asymmetricKeyType}, not ed25519`, MAKE_KEYS);
}

const MAKE_KEYS = "make a pair of keys: balto keygen -o NAME";

function notPem(half: "private" | "public"): KeyError {
  return new KeyError(`holds no ${half} key in PEM`, MAKE_KEYS);
}
