import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { DevServer } from "../support/dev-server.mjs";

const server = new DevServer();
before(() => server.start());
after(() => server.end());

let programs = 0;
/** Runs a program that has a synced realm open, and then does what `end` says. */
async function exitOf(end) {
  const folder = join(server.folder, `program-${++programs}`);
  const script = `
    const Realm = require("tombolo");
    (async () => {
      const app = new Realm.App({ id: "dev", baseUrl: "${server.url}", baseFilePath: ${JSON.stringify(folder)} });
      const user = await app.logIn(Realm.Credentials.anonymous());
      const schema = [{ name: "Note", primaryKey: "_id", properties: { _id: "int" } }];
      const realm = new Realm({ schema, sync: { user, partitionValue: "exit" } });
      realm.addListener("change", () => {});
      realm.objects("Note").addListener(() => {});
      realm.syncSession.addConnectionNotification(() => {});
      realm.syncSession.addProgressNotification("download", "reportIndefinitely", () => {});
      user.addListener(() => {});
      app.addListener(() => {});
      await realm.syncSession.downloadAllServerChanges();
      ${end}
    })();`;
  const child = spawn(process.execPath, ["-e", script], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 120_000,
  });
  let errors = "";
  child.stderr.on("data", (text) => (errors += text));
  const [code, signal] = await once(child, "close");
  return { code, signal, errors };
}

const CLEAN = { code: 0, signal: null, errors: "" };

describe("the process", () => {
  it("ends by itself once every realm is closed, listeners or not", async () => {
    assert.deepEqual(await exitOf("realm.close();"), CLEAN);
  });
  it("ends by itself after a shutdown that closes what is open", async () => {
    assert.deepEqual(
      await exitOf(
        "Realm.open({ schema, sync: { user, partitionValue: 'b' } }).catch(() => {}); Realm.shutdown();",
      ),
      CLEAN,
    );
  });
  it("ends by itself after a pause, and with something that was not sent", async () => {
    assert.deepEqual(
      await exitOf(
        "realm.syncSession.pause(); realm.write(() => realm.create('Note', { _id: 1 })); realm.close();",
      ),
      CLEAN,
    );
  });
  it("may be ended while realms are open and waits are under way", async () => {
    assert.deepEqual(
      await exitOf("realm.syncSession.downloadAllServerChanges(); process.exit(0);"),
      CLEAN,
    );
  });
  it("ends by an uncaught exception as every process does", async () => {
    const { code, signal, errors } = await exitOf(
      "setImmediate(() => { throw new Error('oh'); });",
    );

    assert.deepEqual([code, signal], [1, null]);
    assert.match(errors, /Error: oh/);
  });
});
