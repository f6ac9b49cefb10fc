import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";

import Realm, { AssertionError, TypeAssertionError } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int", text: "string" } };

const server = new DevServer();
before(() => server.start());
after(() => server.end());
afterEach(() => server.closeRealms());

const configuration = async (device) => ({
  schema: [Note],
  sync: { user: await server.logIn(device), partitionValue: "p" },
});
const notes = (realm) => [...realm.objects("Note")].map(({ _id, text }) => [_id, text]).sort();

describe("a copy of a synced realm", () => {
  it("without `sync` is a local one, with what was not sent yet", async () => {
    const realm = server.open(await configuration("a"));
    await realm.syncSession.downloadAllServerChanges();
    realm.syncSession.pause();
    realm.write(() => realm.create("Note", { _id: 1, text: "kept" }));

    const path = join(server.folder, "local.realm");
    realm.writeCopyTo({ path, schema: [Note] });

    const copy = server.open({ path, schema: [Note] });
    assert.equal(copy.syncSession, null);
    assert.deepEqual(notes(copy), [[1, "kept"]]);
    copy.write(() => copy.create("Note", { _id: 2, text: "local" }));
    assert.deepEqual(notes(realm), [[1, "kept"]]);
  });

  it("with `sync` is another device", async () => {
    const realm = server.open(await configuration("b"));
    realm.write(() => realm.create("Note", { _id: 10, text: "from b" }));
    const target = await configuration("c");
    await realm.syncSession.uploadAllLocalChanges();
    await realm.syncSession.downloadAllServerChanges();
    realm.writeCopyTo(target);

    const copy = server.open(target);
    assert.deepEqual(notes(copy), notes(realm));
    copy.write(() => copy.create("Note", { _id: 11, text: "from c" }));
    await copy.syncSession.uploadAllLocalChanges();
    await realm.syncSession.downloadAllServerChanges();
    await new Promise(setImmediate);
    assert.deepEqual(notes(realm), notes(copy));
    assert.ok(realm.objectForPrimaryKey("Note", 11));
  });

  it("of another partition is refused", async () => {
    const realm = server.open(await configuration("f"));
    const target = await configuration("g");
    target.sync.partitionValue = "other";

    assert.throws(() => realm.writeCopyTo(target), { code: "InvalidArgument" });
  });

  it("replaces nothing, and is not made in a transaction or of nonsense", async () => {
    const realm = server.open(await configuration("d"));
    const path = join(server.folder, "d.realm");
    realm.writeCopyTo({ path });

    assert.throws(() => realm.writeCopyTo({ path }), { code: "AlreadyExists" });
    assert.throws(() => realm.writeCopyTo("x"), TypeAssertionError);
    const inTransaction = join(server.folder, "e.realm");
    assert.throws(
      () => realm.write(() => realm.writeCopyTo({ path: inTransaction })),
      AssertionError,
    );
    assert.equal(existsSync(inTransaction), false);
  });
});

describe("a copy of a local realm", () => {
  it("without `sync` is another local one", () => {
    const [path, other] = ["h.realm", "i.realm"].map((name) => join(server.folder, name));
    const realm = server.open({ path, schema: [Note] });
    realm.write(() => realm.create("Note", { _id: 1, text: "local" }));

    realm.writeCopyTo({ path: other });

    assert.deepEqual(notes(server.open({ path: other })), [[1, "local"]]);
  });

  it("with `sync` uploads all of it", async () => {
    const path = join(server.folder, "j.realm");
    const local = server.open({ path, schema: [Note] });
    local.write(() => local.create("Note", { _id: 20, text: "local" }));
    const target = await configuration("k");

    local.writeCopyTo(target);

    const copy = server.open(target);
    assert.equal(copy.objectForPrimaryKey("Note", 20).text, "local");
    assert.equal(copy.syncSession.pendingUploads().objects, 1);
    await copy.syncSession.uploadAllLocalChanges();
    const other = server.open(await configuration("l"));
    await other.syncSession.downloadAllServerChanges();
    assert.equal(other.objectForPrimaryKey("Note", 20).text, "local");
  });
});
