// Lint rules. The import rules say at once, in the editor, what test/unit/architecture.test.ts proves for
// every file: which room may import whom. They are two nets on purpose; who moves a wall changes both.

import { builtinModules } from "node:module";
import { defineConfig, type OxlintConfig } from "oxlint";
import manifest from "./package.json" with { type: "json" };

interface RoomImports {
  /** Own rooms it may import beside itself. */
  readonly rooms: readonly string[];
  /** Packages it may import. */
  readonly packages: readonly string[];
  /** Whether it may import a module of Node, named without `node:`. */
  readonly builtin: (name: string) => boolean;
  /** Why the room is fenced: the sentence a reader sees under the error. */
  readonly why: string;
}

const rooms = ["schema", "artifact", "compiler", "dataplane", "control", "cli"];
const packages = [manifest.dependencies, manifest.devDependencies].flatMap(Object.keys);
const builtins = builtinModules.map((name) => name.replace(/^node:/, ""));

const anyBuiltin = () => true;
const noBuiltin = () => false;
const network = /^(net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster)(\/|$)/;
const fileSystem = /^fs(\/|$)/;

const artifactWhy =
  "artifact/ is the contract between compiler and data plane: pure, no I/O, nothing of ours, no package.";
const schemaWhy =
  "schema/ is the contract with people: plain data and types that everyone may read, so it imports nothing.";
const compilerWhy =
  "compiler/ turns text into bytes: pure, no I/O, and it knows nothing of traffic.";
const dataplaneWhy =
  "dataplane/ must run without the compiler: what it needs to know of the configuration is in the artifact.";
const controlWhy =
  "control/ edits files and compiles them; it reaches a data plane over HTTP, never by import.";
const cliWhy =
  "cli/ starts the data plane as a process of its own, so that neither can take the other down.";
const processExitWhy =
  "Only cli/main.ts and dataplane/main.ts end the process: elsewhere it cuts off logs and drains.";

/** The `no-restricted-imports` rule of one room. (oxlint's patterns know no look-ahead: list what is refused.) */
function imports(room: string, allowed: RoomImports): NonNullable<OxlintConfig["rules"]> {
  const foreignRooms = rooms.filter((name) => name !== room && !allowed.rooms.includes(name));
  const foreignPackages = packages.filter((name) => !allowed.packages.includes(name));
  const foreignBuiltins = builtins.filter((name) => !allowed.builtin(name));
  const patterns = [
    // A path into another room goes up at least once; a folder of our own may bear a room's name.
    { regex: `^(\\./)*(\\.\\./)+(${foreignRooms.join("|")})/`, message: allowed.why },
    { regex: `^(${foreignPackages.join("|")})(/|$)`, message: allowed.why },
    { regex: `^(${builtins.join("|")})$`, message: "Name modules of Node with the node: prefix." },
  ];
  if (foreignBuiltins.length > 0) {
    patterns.push({ regex: `^node:(${foreignBuiltins.join("|")})$`, message: allowed.why });
  }
  const paths = [{ name: "node:process", importNames: ["exit"], message: processExitWhy }];
  return { "no-restricted-imports": ["error", { paths, patterns }] };
}

const artifact: RoomImports = {
  rooms: [],
  packages: [],
  builtin: (name) => name === "crypto" || name === "buffer",
  why: artifactWhy,
};
const schema: RoomImports = { rooms: [], packages: [], builtin: noBuiltin, why: schemaWhy };
const compiler: RoomImports = {
  rooms: ["schema", "artifact"],
  packages: ["yaml", "ajv"],
  builtin: (name) => !network.test(name) && !fileSystem.test(name),
  why: compilerWhy,
};
const dataplane: RoomImports = {
  rooms: ["artifact"],
  packages: ["chokidar", "undici", "prom-client", "pino"],
  builtin: anyBuiltin,
  why: dataplaneWhy,
};
const control: RoomImports = {
  rooms: ["compiler", "schema", "artifact"],
  packages: ["yaml", "undici"],
  builtin: anyBuiltin,
  why: controlWhy,
};
const cli: RoomImports = {
  rooms: ["control", "compiler", "schema", "artifact"],
  packages: ["undici", "chokidar"],
  builtin: anyBuiltin,
  why: cliWhy,
};

const config: OxlintConfig = defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import"],
  options: { typeAware: true, denyWarnings: true },
  ignorePatterns: ["dist/", "coverage/", "test/golden/", "**/*.gen.ts"],
  categories: { correctness: "error" },
  rules: {
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/consistent-type-imports": "error",
    // `import { type T }` loads the module all the same where types are stripped.
    "typescript/no-import-type-side-effects": "error",
    "import/no-cycle": "error",
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    "no-restricted-properties": [
      "error",
      { object: "process", property: "exit", message: processExitWhy },
    ],
    eqeqeq: "error",
    "no-var": "error",
    "prefer-const": "error",
  },
  overrides: [
    { files: ["artifact/**"], rules: imports("artifact", artifact) },
    { files: ["schema/**"], rules: imports("schema", schema) },
    { files: ["compiler/**"], rules: imports("compiler", compiler) },
    { files: ["dataplane/**"], rules: imports("dataplane", dataplane) },
    { files: ["control/**"], rules: imports("control", control) },
    { files: ["cli/**"], rules: imports("cli", cli) },
    {
      // The files of the compiler that touch the disk: a tree comes in, an artifact goes out.
      files: [
        "compiler/read-tree.ts",
        "compiler/tree-walk.ts",
        "compiler/source-bytes.ts",
        "compiler/write-artifact.ts",
      ],
      rules: imports("compiler", { ...compiler, builtin: (name) => !network.test(name) }),
    },
    {
      // A tool for our own desk that writes the generated files; it is not part of the build.
      files: ["schema/generate*.ts"],
      rules: imports("schema", {
        ...schema,
        packages: ["json-schema-to-typescript"],
        builtin: (name) => !network.test(name),
      }),
    },
    {
      // dataplane/worker.ts ends its thread, not the process.
      files: ["cli/main.ts", "dataplane/main.ts", "dataplane/worker.ts"],
      rules: { "no-restricted-properties": "off" },
    },
    {
      // Data plane: bounds are proved once, when an artifact is loaded; a check for each typed-array read would
      // cost, and hide that. Compiler: an index that the line before has proved (capture groups, edit distance).
      files: ["artifact/**", "dataplane/**", "compiler/**", "schema/**", "test/**", "bench/**"],
      rules: { "typescript/no-non-null-assertion": "off" },
    },
  ],
});

export default config;
