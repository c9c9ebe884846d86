/** The settings of a stock. */
import { HOST_ANY, HOST_WILDCARD } from "../layout.ts";
import {
  ACCESS_LOG_FORMATS,
  BACKSLASH_RULES,
  LOG_LEVELS,
  type Settings,
  UNDERSCORE_RULES,
} from "../model.ts";
import type { Host } from "./hosts.ts";
import type { Stock } from "./stock.ts";

/**
 * The row of a model's settings.
 *
 * @param hosts all of the model
 * @throws EncodeError
 */
export function settingsRow(stock: Stock, settings: Settings, hosts: readonly Host[]): number {
  const levels = settings.logLevels.map((level) => 1 << LOG_LEVELS.indexOf(level));
  return stock.rows.settings.once({
    listen: stock.text(settings.listen),
    trustedProxies: stock.words(settings.trustedProxies),
    readTimeoutMs: settings.readTimeoutMs,
    writeTimeoutMs: settings.writeTimeoutMs,
    idleTimeoutMs: settings.idleTimeoutMs,
    drainDelayMs: settings.drainDelayMs,
    drainTimeoutMs: settings.drainTimeoutMs,
    logLevels: levels.reduce((bits, bit) => bits | bit, 0),
    logPath: stock.text(settings.logPath),
    metricsEnabled: Number(settings.metricsEnabled),
    ...settings.limits,
    proxyAccept: Number(settings.proxyProtocol.accept),
    proxyTrusted: stock.words(settings.proxyProtocol.trusted),
    proxyTimeoutMs: settings.proxyProtocol.timeoutMs,
    tlsEnabled: Number(settings.tls.enabled),
    tlsCertFile: stock.text(settings.tls.certFile),
    tlsKeyFile: stock.text(settings.tls.keyFile),
    corsEnabled: Number(settings.cors.enabled),
    corsAllowedOrigins: stock.words(settings.cors.allowedOrigins),
    anyHost: hosts.find(({ domain }) => domain.kind === HOST_ANY)?.row,
    wildcardHosts: hosts.filter(({ domain }) => domain.kind === HOST_WILDCARD).length,
    ...observation(stock, settings),
    underscores: UNDERSCORE_RULES.indexOf(settings.underscores),
    encodedBackslash: BACKSLASH_RULES.indexOf(settings.encodedBackslash),
    strictPaths: Number(settings.strictPaths),
    forwardTrailers: Number(settings.forwardTrailers),
    via: stock.text(settings.via),
  });
}

/** What is seen of the traffic, and by whom. */
function observation(stock: Stock, { accessLog, tracing, requestId, admin }: Settings) {
  return {
    accessLogEnabled: Number(accessLog.enabled),
    accessLogFormat: ACCESS_LOG_FORMATS.indexOf(accessLog.format),
    accessLogPath: stock.text(accessLog.path),
    accessLogSampleMillionths: accessLog.sampleMillionths,
    accessLogQuery: Number(accessLog.query),
    tracingEndpoint: stock.text(tracing.endpoint),
    tracingServiceName: stock.text(tracing.serviceName),
    tracingSampleMillionths: tracing.sampleMillionths,
    requestIdEnabled: Number(requestId.enabled),
    adminListen: stock.text(admin.listen),
    adminWriterUrl: stock.text(admin.writerUrl),
    adminAllowedOrigins: stock.words(admin.allowedOrigins),
    adminReaders: stock.words(admin.readers),
  };
}
