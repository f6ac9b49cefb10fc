import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";

import Realm, { AssertionError } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int", text: "string" } };

const server = new DevServer();
before(() => server.start());
after(() => server.end());
afterEach(() => server.closeRealms());

let files = 0;
const newPath = () => join(server.folder, `encrypted-${++files}.realm`);
const key = () => new Uint8Array(randomBytes(64));
const texts = (realm) => [...realm.objects("Note")].map(({ text }) => text);

describe("an encrypted realm", () => {
  it("opens with its key alone, and its file tells nothing", () => {
    const path = newPath();
    const encryptionKey = key();
    const realm = server.open({ path, schema: [Note], encryptionKey });
    realm.write(() => realm.create("Note", { _id: 1, text: "nobody may read this" }));
    realm.close();

    assert.equal(readFileSync(path).includes("nobody may read this"), false);
    assert.throws(() => new Realm({ path }), {
      code: "WrongKey",
      message: /header has invalid mnemonic/,
    });
    assert.throws(() => new Realm({ path, encryptionKey: key() }), {
      code: "WrongKey",
      message: /decryption failed/,
    });
    assert.deepEqual(texts(server.open({ path, schema: [Note], encryptionKey })), [
      "nobody may read this",
    ]);
    assert.equal(Realm.schemaVersion(path, encryptionKey), 0);
    assert.throws(() => Realm.schemaVersion(path), { code: "WrongKey" });
  });

  it("takes any view of 64 bytes as a key", () => {
    const path = newPath();
    const bytes = randomBytes(80);
    const view = new DataView(bytes.buffer, bytes.byteOffset + 8, 64);
    server.open({ path, schema: [Note], encryptionKey: view }).close();

    for (const encryptionKey of [
      new Int8Array(bytes.subarray(8, 72)),
      new Uint8Array(bytes.subarray(8, 72)).buffer,
    ]) {
      server.open({ path, encryptionKey }).close();
    }
    const short = { path, encryptionKey: new Uint8Array(63) };
    assert.throws(() => new Realm(short), /Encryption key must be 64 bytes\./);
    assert.throws(() => new Realm({ path, encryptionKey: "x".repeat(64) }), AssertionError);
  });

  it("is not what a file without a key becomes", () => {
    const path = newPath();
    server.open({ path, schema: [Note] }).close();

    assert.throws(() => new Realm({ path, encryptionKey: key() }), {
      code: "WrongKey",
      message: /decryption failed/,
    });
  });

  it("is copied with another key, or with none", () => {
    const encryptionKey = key();
    const realm = server.open({ path: newPath(), schema: [Note], encryptionKey });
    realm.write(() => realm.create("Note", { _id: 1, text: "copied" }));
    const copies = [{ path: newPath(), encryptionKey: key() }, { path: newPath() }];

    for (const copy of copies) realm.writeCopyTo(copy);

    for (const copy of copies) {
      assert.deepEqual(texts(server.open({ ...copy, schema: [Note] })), ["copied"]);
      assert.throws(() => new Realm({ path: copy.path, encryptionKey }), { code: "WrongKey" });
    }
  });

  it("migrates", () => {
    const path = newPath();
    const encryptionKey = key();
    const realm = server.open({ path, schema: [Note], encryptionKey });
    realm.write(() => realm.create("Note", { _id: 1, text: "old" }));
    realm.close();
    const Longer = { ...Note, properties: { ...Note.properties, length: "int" } };

    const migrated = server.open({
      path,
      schema: [Longer],
      schemaVersion: 1,
      encryptionKey,
      onMigration: (oldRealm, newRealm) => {
        newRealm.objects("Note")[0].length = oldRealm.objects("Note")[0].text.length;
      },
    });

    assert.equal(migrated.objects("Note")[0].length, 3);
  });

  it("syncs as any other", async () => {
    const configuration = async (device) => ({
      schema: [Note],
      encryptionKey: key(),
      sync: { user: await server.logIn(device), partitionValue: "secret" },
    });
    const left = server.open(await configuration("left"));
    left.write(() => left.create("Note", { _id: 1, text: "from the left" }));
    await left.syncSession.uploadAllLocalChanges();

    const right = await Realm.open(await configuration("right"));

    assert.deepEqual(texts(right), ["from the left"]);
    assert.equal(readFileSync(right.path).includes("from the left"), false);
    right.close();
  });
});
