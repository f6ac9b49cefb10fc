import assert from "node:assert/strict";
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

import Realm, { App, AssertionError, ClientResetError, TypeAssertionError } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int", text: "string" } };
const ids = (realm) =>
  [...realm.objects("Note")].map(({ _id }) => _id).sort((left, right) => left - right);
const write = (realm, _id, text = `note ${_id}`) =>
  realm.write(() => realm.create("Note", { _id, text }));

let server;
beforeEach(async () => {
  server = new DevServer();
  await server.start();
});
afterEach(async () => {
  server.closeRealms();
  await server.end();
});

/**
 * A realm whose file the server, back with the data of a backup, has forgotten: note 1 was uploaded
 * and is lost there, note 2 was not uploaded, note 3 is new on the server.
 */
async function openForgotten(clientReset, onError, { schema = Note, text } = {}) {
  const data = join(server.folder, "server");
  const backup = join(server.folder, "backup");
  const [user, other] = [await server.logIn("a"), await server.logIn("b")];
  await server.stop();
  cpSync(data, backup, { recursive: true });
  await server.start();
  const config = (of, more) => ({
    schema: [Note],
    sync: { user: of, partitionValue: "notes", ...more },
  });
  const realm = server.open(config(user, { clientReset, onError }));
  write(realm, 1);
  await realm.syncSession.uploadAllLocalChanges();
  realm.syncSession.pause();
  write(realm, 2);
  await server.stop();
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true });
  await server.start();
  const changed = server.open({ ...config(other), schema: [schema] });
  write(changed, 3, text);
  await changed.syncSession.uploadAllLocalChanges();
  return realm;
}

async function synchronize({ syncSession }) {
  await syncSession.uploadAllLocalChanges();
  await syncSession.downloadAllServerChanges();
}

describe("client reset", () => {
  it("recovers what was not uploaded, under live objects and listeners", async () => {
    const seen = {};
    let tell;
    const told = new Promise((resolve) => (tell = resolve));
    const realm = await openForgotten({
      mode: "recoverUnsyncedChanges",
      onBefore: (before) => (seen.before = ids(before)),
      onAfter: (before, afterwards) => {
        seen.frozen = ids(before);
        seen.after = ids(afterwards);
        seen.isSame = afterwards === realm;
        assert.throws(() => before.write(() => {}), /read-only/);
        tell();
      },
    });
    const second = realm.objectForPrimaryKey("Note", 2);

    realm.syncSession.resume();
    await synchronize(realm);
    await told;

    assert.deepEqual(ids(realm), [2, 3]);
    assert.equal(second.text, "note 2");
    assert.deepEqual(seen, { before: [1, 2], frozen: [1, 2], after: [2, 3], isSame: true });
  });

  it("discards what was not uploaded", async () => {
    const realm = await openForgotten({ mode: "discardUnsyncedChanges" });

    realm.syncSession.resume();
    await synchronize(realm);

    assert.deepEqual(ids(realm), [3]);
  });

  it("in manual mode leaves a readable copy and begins anew", async () => {
    // Given a realm whose session has ended with the demand for a client reset,
    let onManual;
    let onError;
    const manual = new Promise((resolve) => (onManual = (...args) => resolve(args)));
    const failed = new Promise((resolve) => (onError = (_, error) => resolve(error)));
    const realm = await openForgotten({ mode: "manual", onManual }, onError);
    const { path } = realm;
    const upload = realm.syncSession.uploadAllLocalChanges();
    upload.catch(() => {});
    realm.syncSession.resume();
    const error = await failed;
    const [session, recoveryPath] = await manual;

    assert.ok(error instanceof ClientResetError);
    assert.equal(error.name, "ClientReset");
    assert.equal(error.code, 1032);
    assert.deepEqual(error.config, { path: recoveryPath, readOnly: true });
    assert.equal(session, realm.syncSession);
    await assert.rejects(upload, { code: "ClientReset" });
    const app = server.app("a");
    const { initiateClientReset } = Realm.App.Sync;
    assert.throws(() => initiateClientReset(app, path), AssertionError);

    // When the application closes it and asks for the reset,
    realm.close();
    initiateClientReset(app, path);

    // Then all that was in it can be read.
    const copy = server.open({ ...error.config, schema: [Note] });
    assert.deepEqual(ids(copy), [1, 2]);
    assert.ok(!existsSync(path));
    assert.throws(() => initiateClientReset(app, path), /Client Reset could not be run/);
  });

  it("that is not possible falls back to the application, which keeps everything", async () => {
    // Given a server on which a property has another type meanwhile,
    let onFallback;
    let onError;
    const fallback = new Promise((resolve) => (onFallback = (...args) => resolve(args)));
    const failed = new Promise((resolve) => (onError = (_, error) => resolve(error)));
    const onAfter = () => assert.fail("there was no reset");
    const realm = await openForgotten(
      { mode: "recoverUnsyncedChanges", onAfter, onFallback },
      onError,
      { schema: { ...Note, properties: { _id: "int", text: "int" } }, text: 3 },
    );

    realm.syncSession.resume();
    const error = await failed;
    const [session, recoveryPath] = await fallback;

    assert.ok(error instanceof ClientResetError);
    assert.equal(error.code, 1028);
    assert.equal(error.config.path, recoveryPath);
    assert.equal(session, realm.syncSession);
    assert.deepEqual(ids(realm), [1, 2]);
    const { path } = realm;
    realm.close();
    Realm.App.Sync.initiateClientReset(server.app("a"), path);
    assert.deepEqual(ids(server.open({ ...error.config, schema: [Note] })), [1, 2]);
  });

  it("checks its configuration", async () => {
    const user = await server.logIn("a");
    const open = (clientReset) =>
      new Realm({ schema: [Note], sync: { user, partitionValue: "notes", clientReset } });

    assert.throws(() => open({ mode: "sometimes" }), AssertionError);
    assert.throws(() => open({ mode: "manual", onManual: 1 }), TypeAssertionError);
    assert.ok(App.Sync.initiateClientReset);
  });
});
