// Removes the last build, so that a deleted source file leaves no compiled ghost in the package.

import { rmSync } from "node:fs";

rmSync(new URL("../dist/", import.meta.url), { recursive: true, force: true });
