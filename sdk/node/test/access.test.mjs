import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm, { AssertionError, SyncSession } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";
import { ScriptedServer } from "../support/scripted-server.mjs";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int" } };
const { Sync } = Realm.App;

const server = new DevServer();
before(() => server.start());
after(() => server.end());
afterEach(() => server.closeRealms());

describe("the session of a realm", () => {
  it("is null for a local one", () => {
    const realm = server.open({ path: join(server.folder, "local.realm"), schema: [Note] });

    assert.equal(realm.syncSession, null);
  });

  it("is the same for every realm of a file", async () => {
    const user = await server.logIn("same");
    const sync = { user, partitionValue: "p" };
    const [first, second, other] = ["p", "p", "q"].map((partitionValue) =>
      server.open({ schema: [Note], sync: { ...sync, partitionValue } }),
    );
    assert.equal(first.syncSession.state, "active");

    first.syncSession.pause();

    assert.equal(second.syncSession.state, "inactive");
    assert.equal(other.syncSession.state, "active");
    second.syncSession.resume();
    first.close();
    await second.syncSession.uploadAllLocalChanges(120_000);
  });

  it("is found by its user and partition", async () => {
    const user = await server.logIn("found");
    const stranger = await server.logIn("stranger");
    assert.deepEqual(Sync.getAllSyncSessions(user), []);
    assert.equal(Sync.getSyncSession(user, "p"), null);
    for (const partitionValue of ["p", 7, null]) {
      const sync = { user, partitionValue, _sessionStopPolicy: "immediately" };
      server.open({ schema: [Note], sync });
    }

    const sessions = Sync.getAllSyncSessions(user);

    assert.equal(sessions.length, 3);
    assert.ok(sessions.every((session) => session instanceof SyncSession));
    assert.ok(sessions.every((session) => session.user.id === user.id));
    assert.deepEqual(Sync.getAllSyncSessions(stranger), []);
    for (const partitionValue of ["p", 7, null]) {
      assert.equal(Sync.getSyncSession(user, partitionValue).state, "active");
    }
    assert.equal(Sync.getSyncSession(user, "q"), null);
    assert.throws(() => Sync.getSyncSession(user, 1.5), AssertionError);
    Sync.getSyncSession(user, 7).pause();
    assert.equal(Sync.getSyncSession(user, 7), null, "it is not active");
  });

  it("has the constants of App.Sync for opening", () => {
    assert.deepEqual(Sync.openLocalRealmBehavior, { type: "openImmediately" });
    assert.deepEqual(Sync.downloadBeforeOpenBehavior, {
      type: "downloadBeforeOpen",
      timeOut: 30_000,
      timeOutBehavior: "throwException",
    });
  });
});

describe("the sessions of an app", () => {
  let scripted;
  beforeEach(async () => {
    scripted = new ScriptedServer();
    scripted.onUpgrade = null;
    await scripted.start();
  });
  afterEach(() => scripted.end());

  /** How many connections two realms make, once both sessions are connected. */
  async function connectionsOf(app) {
    const user = await scripted.logIn(app);
    const realms = ["p", "q"].map((partitionValue) => {
      const sync = { user, partitionValue, _sessionStopPolicy: "immediately" };
      return server.open({ schema: [Note], sync });
    });
    for (const { syncSession } of realms) {
      await new Promise((resolve) => {
        const settle = () => syncSession.isConnected() && resolve();
        syncSession.addConnectionNotification(settle);
        settle();
      });
    }
    return scripted.upgrades;
  }

  it("have a connection each when the app says so", async () => {
    assert.equal(await connectionsOf(scripted.app({ multiplexSessions: false })), 2);
  });

  it("share one by default", async () => {
    assert.equal(await connectionsOf(scripted.app()), 1);
  });

  it("share one after enableSessionMultiplexing", async () => {
    const app = scripted.app({ multiplexSessions: false });

    Sync.enableSessionMultiplexing(app);

    assert.equal(await connectionsOf(app), 1);
  });
});
