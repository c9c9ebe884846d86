/**
 * Where balto.config.yaml says what is only judged beside the rest of the tree.
 */
import type {
  Admin,
  Config,
  Drain,
  Global,
  ProxyProtocol,
  Server,
  Tls,
} from "../../schema/types.gen.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import { field } from "./field.ts";

/** Each undefined where nothing is written. */
export interface SettingPlaces {
  listen?: Span | undefined;
  proxyAccept?: Span | undefined;
  drainTimeout?: Span | undefined;
  certFile?: Span | undefined;
  metrics?: Span | undefined;
  adminListen?: Span | undefined;
  adminReaders?: Span | undefined;
}

/** @param root of balto.config.yaml */
export function settingPlaces(root: YamlNode): SettingPlaces {
  const server = field<Config>(root, "server");
  const global = field<Config>(root, "global");
  const admin = field<Config>(root, "admin");
  return {
    listen: field<Server>(server, "port"),
    proxyAccept: field<ProxyProtocol>(field<Server>(server, "proxy_protocol"), "accept"),
    drainTimeout: field<Drain>(field<Server>(server, "drain"), "timeout"),
    certFile: field<Tls>(field<Global>(global, "tls"), "cert_file"),
    metrics: field<Global>(global, "metrics"),
    adminListen: field<Admin>(admin, "listen"),
    adminReaders: field<Admin>(admin, "readers"),
  };
}
