import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { DevServer } from "../support/dev-server.mjs";

/** The servers that pages speak of. */
const PAGE_SERVERS = /https:\/\/sync\.example\.org|http:\/\/127\.0\.0\.1:9090/g;
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const server = new DevServer();
before(() => server.start());
after(() => server.end());

/** A folder in which the package is installed. */
function makePackage(name) {
  const folder = join(server.folder, name);
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(join(ROOT, "sdk/node"), join(folder, "node_modules/tombolo"));
  return folder;
}
/** Runs a program to its end and returns what it printed. */
async function run(folder, ...args) {
  const child = spawn(process.execPath, args, { cwd: folder, timeout: 240_000 });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => (output += text));
  }
  const [code, signal] = await once(child, "close");
  assert.deepEqual([code, signal], [0, null], output);
  return output;
}

describe("the examples", () => {
  it("run, and again with what is there", async () => {
    const folder = makePackage("doggies");
    copyFileSync(join(ROOT, "examples/node/doggies.mjs"), join(folder, "doggies.mjs"));

    const first = await run(folder, "doggies.mjs", server.url, folder);
    const second = await run(folder, "doggies.mjs", server.url, folder);

    assert.match(first, /0 doggies so far/);
    assert.match(first, /from connected to disconnected/);
    assert.match(first, /(\d+) of \1 bytes sent/);
    assert.match(first, /1 doggies kept/);
    assert.match(second, /1 doggies so far/);
  });
});

describe("the documentation", () => {
  for (const page of ["README.md", "docs/sdk-node.md", "sdk/node/README.md"]) {
    it(`has samples that run: ${page}`, async () => {
      const folder = makePackage(page.replaceAll("/", "-"));
      const text = readFileSync(join(ROOT, page), "utf8");
      const samples = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, sample]) => sample);
      assert.notEqual(samples.length, 0);
      const program = samples.join("\n").replaceAll(PAGE_SERVERS, server.url);
      writeFileSync(join(folder, "page.mjs"), program);

      await run(folder, "page.mjs");
    });
  }
});
