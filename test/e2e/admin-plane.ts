// A data plane that operators ask, in tests.

import { serving, type SettingOverrides } from "../harness/artifact.ts";
import { ADMIN_TOKEN, type DataPlane, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";

export const LOCAL = "Host: localhost";
export const TOKEN = `Authorization: Bearer ${ADMIN_TOKEN}`;

export const ADMIN_SETTINGS = { listen: "", writerUrl: "", allowedOrigins: [], readers: [] };

/** A data plane whose `admin` block says this. */
export async function startWith(
  admin: Partial<SettingOverrides["admin"]>,
  args: readonly string[] = [],
): Promise<{ balto: DataPlane; origin: Awaited<ReturnType<typeof startOrigin>> }> {
  const origin = await startOrigin();
  const artifact = serving({ to: origin }, { admin: { ...ADMIN_SETTINGS, ...admin } });
  return { balto: await start(artifact, { args }), origin };
}

export function json(answer: { text: string }): unknown {
  return JSON.parse(answer.text);
}
