// Two projects. `unit` runs in vitest's workers; `e2e` starts real `node` processes and talks to them,
// so its files run few at a time and wait longer.

import { defineConfig, type ViteUserConfig } from "vitest/config";

const rooms = "{artifact,schema,compiler,dataplane,control,cli}";

const config: ViteUserConfig = defineConfig({
  test: {
    // Said out loud: the default list of reporters depends on who is watching.
    reporters: ["default", "json"],
    // scripts/test.js adds up the counts in these files; it names another for each project.
    outputFile: { json: ".vitest/json/output.json" },
    teardownTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "test/{unit,golden,property,regress,conformance}/**/*.test.ts",
            `${rooms}/**/*.test.ts`,
          ],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // After the unit tests: processes that are timed want the machine to themselves.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

export default config;
